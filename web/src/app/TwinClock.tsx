import { Tooltip } from '@mantine/core';
import type { Schemas } from '../api/client';
import { age, dateTime } from '../format/time';
import { clockNote, hasEnded } from './state';
import classes from './TwinClock.module.css';

/** TwinClock is the twin's own time, and whether it still moves. */
export function TwinClock({ twin, lost }: { twin: Schemas['Twin']; lost: boolean }) {
  const { status, writtenAt } = twin.freshness;
  const text = lost ? 'does not answer' : clockNote(twin);
  const detail = writtenAt ? `Last write ${age(writtenAt, Date.now())}` : 'Nothing has been written yet';
  return (
    <Tooltip label={`${detail}. ${twin.mode === 'Live' ? '' : 'This is simulated time: '}${twin.timezone}`} multiline maw={280}>
      <span className={classes.clock} tabIndex={0}>
        <span className={classes.dot} data-status={lost ? 'lost' : hasEnded(twin) ? 'ended' : status} aria-hidden="true" />
        <span className={classes.time}>{twin.simulatedAt ? dateTime(twin.simulatedAt, twin.timezone) : 'No time yet'}</span>
        <span className={classes.text}>{text}</span>
      </span>
    </Tooltip>
  );
}

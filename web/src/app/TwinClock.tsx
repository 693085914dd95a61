import { Tooltip } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Schemas } from '../api/client';
import { clock } from '../api/questions';
import { age, dateTime } from '../format/time';
import { clockNote, hasEnded } from './state';
import classes from './TwinClock.module.css';

/** TwinClock is the twin's own time, and whether it still moves. */
export function TwinClock({ twin, lost }: { twin: Schemas['Twin']; lost: boolean }) {
  const { status, writtenAt } = twin.freshness;
  const carried = useQuery(clock).data ?? '';
  const at = twin.simulatedAt && Date.parse(carried) > Date.parse(twin.simulatedAt) ? carried : twin.simulatedAt;
  const text = lost ? 'does not answer' : clockNote(twin);
  const detail = writtenAt ? `Last write ${age(writtenAt, Date.now())}` : 'Nothing has been written yet';
  return (
    <Tooltip label={`${detail}. ${twin.mode === 'Live' ? '' : 'This is simulated time: '}${twin.timezone}`} multiline maw={280}>
      <span className={classes.clock} tabIndex={0}>
        <span className={classes.dot} data-status={lost ? 'lost' : hasEnded(twin) ? 'ended' : status} aria-hidden="true" />
        <span className={classes.lines}>
          <span className={classes.time}>{at ? dateTime(at, twin.timezone) : 'No time yet'}</span>
          <span className={classes.text}>{text}</span>
        </span>
      </span>
    </Tooltip>
  );
}

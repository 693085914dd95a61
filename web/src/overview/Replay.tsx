import type { Schemas } from '../api/client';
import { number, percent } from '../format/energy';
import { hasEnded } from '../app/state';
import type { RangeControl } from '../chart/useRange';
import { Playback } from './Playback';
import classes from './Replay.module.css';

const modes = {
  Replay: 'Replays a dataset',
  Loop: 'Replays a dataset again and again',
  Live: 'Follows the clock',
  Off: 'Takes readings from outside',
};

/** Replay shows where the readings come from, and how far they are; what was replayed can be gone through again. */
export function Replay({ twin, range }: { twin: Schemas['Twin']; range: RangeControl }) {
  const speed = twin.speed === 0 ? 'as fast as it can' : twin.speed === 1 ? 'in real time' : `${number(twin.speed)} × real time`;
  const replays = twin.mode === 'Replay' || twin.mode === 'Loop';
  const playback = replays && twin.simulatedAt && <Playback range={range} now={twin.simulatedAt} zone={twin.timezone} />;
  if (hasEnded(twin))
    return (
      <div className={classes.line}>
        <span>Replayed a dataset to its end: everything is as it was then</span>
        {playback}
      </div>
    );
  return (
    <div className={classes.line}>
      <span>
        {modes[twin.mode]}
        {replays && `, ${speed}`}
      </span>
      {twin.progress !== null && (
        <>
          <progress className={classes.bar} value={twin.progress} max={1} aria-label="Share of the dataset replayed" />
          <span className={classes.share}>{percent(twin.progress)}</span>
        </>
      )}
      {playback}
    </div>
  );
}

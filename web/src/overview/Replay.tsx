import type { Schemas } from '../api/client';
import { number, percent } from '../format/energy';
import { hasEnded } from '../app/state';
import classes from './Replay.module.css';

const modes = {
  Replay: 'Replays a dataset',
  Loop: 'Replays a dataset again and again',
  Live: 'Follows the clock',
  Off: 'Takes readings from outside',
};

/** Replay shows where the readings come from, and how far they are. */
export function Replay({ twin }: { twin: Schemas['Twin'] }) {
  const speed = twin.speed === 0 ? 'as fast as it can' : twin.speed === 1 ? 'in real time' : `${number(twin.speed)} × real time`;
  if (hasEnded(twin)) return <p className={classes.line}>Replayed a dataset to its end: everything is as it was then</p>;
  const replays = twin.mode === 'Replay' || twin.mode === 'Loop';
  return (
    <p className={classes.line}>
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
    </p>
  );
}

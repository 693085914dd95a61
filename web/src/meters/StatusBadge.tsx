import type { Schemas } from '../api/client';
import classes from './StatusBadge.module.css';

const names = { ok: 'OK', gap: 'Gap', stale: 'Stale', suspect: 'Suspect' };

/** StatusBadge shows a meter's status by word and by colour. */
export function StatusBadge({ status }: { status: Schemas['Meter']['status'] }) {
  return (
    <span className={classes.badge} data-status={status}>
      {names[status]}
    </span>
  );
}

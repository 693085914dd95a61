import type { Schemas } from '../api/client';
import { Empty } from '../app/Empty';
import { GroupRow } from './GroupRow';
import classes from './groups.module.css';
import { greatestOf, tightness } from './scale';

interface Props {
  groups: Schemas['Group'][];
  now: string | null;
  zone: string;
  /** How many are shown. */
  most: number;
}

/** GroupList shows some groups, those that come closest to their limits first. */
export function GroupList({ groups, now, zone, most }: Props) {
  if (groups.length === 0) return <Empty title="No groups">The meters of this twin belong to no feeder or community.</Empty>;
  const rows = [...groups].sort((a, b) => tightness(b) - tightness(a) || a.id.localeCompare(b.id));
  const greatest = greatestOf(rows);
  return (
    <ul className={classes.list}>
      {rows.slice(0, most).map((g) => (
        <GroupRow key={g.id} group={g} greatest={greatest} now={now} zone={zone} />
      ))}
    </ul>
  );
}

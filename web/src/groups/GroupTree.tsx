import type { Schemas } from '../api/client';
import { Empty } from '../app/Empty';
import { GroupRow } from './GroupRow';
import { greatestOf } from './scale';
import classes from './groups.module.css';
import { type Branch, treeOf } from './tree';

interface Props {
  groups: Schemas['Group'][];
  now: string | null;
  zone: string;
}

/** GroupTree shows all groups, each below the one that holds it, those that come closest to their limits first. */
export function GroupTree({ groups, now, zone }: Props) {
  if (groups.length === 0) return <Empty title="No groups">The meters of this twin belong to no feeder or community.</Empty>;
  return <Level branches={treeOf(groups)} greatest={greatestOf(groups)} now={now} zone={zone} />;
}

function Level({ branches, greatest, now, zone, name }: { branches: Branch[]; greatest: number; now: string | null; zone: string; name?: string }) {
  return (
    <ul className={name ? `${classes.list} ${classes.below}` : classes.list} aria-label={name}>
      {branches.map(({ group, below }) => (
        <GroupRow key={group.id} group={group} greatest={greatest} now={now} zone={zone}>
          {below.length > 0 && <Level branches={below} greatest={greatest} now={now} zone={zone} name={`Groups of ${group.id}`} />}
        </GroupRow>
      ))}
    </ul>
  );
}

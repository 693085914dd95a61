import type { Schemas } from '../api/client';
import { tightness } from './scale';

type Group = Schemas['Group'];

/** Branch is a group with the groups right below it. */
export interface Branch {
  group: Group;
  below: Branch[];
}

/** treeOf puts groups below those that hold them. Of each level the tightest come first, by whatever is tightest in them. */
export function treeOf(groups: Group[]): Branch[] {
  const branches = new Map(groups.map((group): [string, Branch] => [group.id, { group, below: [] }]));
  const roots: Branch[] = [];
  for (const branch of branches.values()) {
    const above = branch.group.parent === null ? undefined : branches.get(branch.group.parent);
    (above?.below ?? roots).push(branch);
  }
  sort(roots);
  return roots;
}

/** sort orders branches in place, and gives how tight the tightest of them is. */
function sort(branches: Branch[]): number {
  const tight = new Map(branches.map((b) => [b, Math.max(tightness(b.group), sort(b.below))]));
  const of = (b: Branch): number => tight.get(b) ?? 0;
  branches.sort((a, b) => of(b) - of(a) || a.group.id.localeCompare(b.group.id));
  return Math.max(Number.NEGATIVE_INFINITY, ...tight.values());
}

import { describe, expect, test } from 'vitest';
import type { Schemas } from '../api/client';
import { type Branch, treeOf } from './tree';

type Group = Schemas['Group'];

const group = (id: string, parent: string | null, lastKwh: number, capacityKw: number | null = 10): Group => ({ id, parent, lastKwh, capacityKw, children: [], meters: 1, lastAt: null, utilisation: null, forecastPeakKw: null, forecastPeakAt: null });
const ids = (branches: Branch[]): unknown[] => branches.map((b) => (b.below.length === 0 ? b.group.id : [b.group.id, ...ids(b.below)]));

describe('the tree of groups', () => {
  test('puts each group below the one that holds it, and what is tightest first, however deep it lies', () => {
    const groups = [group('a', null, 8), group('town', null, 1, null), group('quiet', 'town', 1), group('station', 'town', 2), group('hot', 'station', 9), group('b', null, 8)];
    expect(ids(treeOf(groups))).toEqual([['town', ['station', 'hot'], 'quiet'], 'a', 'b']);
  });

  test('is a list where no group holds others', () => {
    const groups = [group('a', null, 1), group('b', null, 2)];
    expect(ids(treeOf(groups))).toEqual(['b', 'a']);
  });

  test('has a group whose parent is not there at its top', () => expect(ids(treeOf([group('a', 'gone', 1)]))).toEqual(['a']));
});

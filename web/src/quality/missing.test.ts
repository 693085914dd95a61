import { describe, expect, test } from 'vitest';
import { columnsOf, countOf, levelOf, words } from './missing';

const days = ['2019-02-27', '2019-02-28', '2019-03-01', '2019-03-02', '2019-03-03'].map((date) => ({ date }));

describe('the map of missing hours', () => {
  test('has a column for each day', () => {
    expect(columnsOf(days, 1).map((c) => [c.title, c.month])).toEqual([
      ['Wed 27 Feb', ''],
      ['Thu 28 Feb', ''],
      ['Fri 1 Mar', 'Mar'],
      ['Sat 2 Mar', ''],
      ['Sun 3 Mar', ''],
    ]);
  });

  test('or for some days, of which the last are whole', () => {
    const columns = columnsOf(days, 2);
    expect(columns.map((c) => c.title)).toEqual(['Wed 27 Feb', 'Thu 28 Feb to Fri 1 Mar', 'Sat 2 Mar to Sun 3 Mar']);
    expect(columns.map((c) => countOf([24, 24, 24, 24, 23], [0, 1, 2, 0, 4], c))).toEqual([
      { hours: 24, missing: 0 },
      { hours: 48, missing: 3 },
      { hours: 47, missing: 4 },
    ]);
  });

  test('without days there are no columns', () => expect(columnsOf([], 7)).toEqual([]));

  test.each([
    [0, 0, null, 'no meter yet'],
    [2_400, 0, 0, 'all 2,400 hours'],
    [1, 0, 0, 'the only hour'],
    [1, 1, 4, '1 of 1 hour missing (100 %)'],
    [2_400, 1, 1, '1 of 2,400 hours missing (< 1 %)'],
    [2_400, 24, 1, '24 of 2,400 hours missing (1 %)'],
    [2_400, 25, 2, '25 of 2,400 hours missing (1 %)'],
    [2_400, 600, 3, '600 of 2,400 hours missing (25 %)'],
    [24, 24, 4, '24 of 24 hours missing (100 %)'],
  ])('%s hours of which %s are missing have the level %s: %s', (hours, missing, level, text) => {
    expect(levelOf({ hours, missing })).toBe(level);
    expect(words({ hours, missing })).toBe(text);
  });
});

import { describe, expect, test } from 'vitest';
import { calendarOf, levelOf } from './calendar';

describe('calendar', () => {
  test('days lie in their weeks, by the calendar of the zone', () => {
    // Midnight of Sunday 30 June and of Monday 8 July in London.
    const weeks = calendarOf([{ at: '2019-06-29T23:00:00Z', kwh: 3 }, { at: '2019-07-07T23:00:00Z', kwh: 5 }, { at: '2019-07-08T23:00:00Z', kwh: null }], 'Europe/London');
    expect(weeks.map((w) => w.month)).toEqual(['', 'Jul', '']);
    expect(weeks.map((w) => w.days.map((d) => d?.kw))).toEqual([
      [undefined, undefined, undefined, undefined, undefined, undefined, 3],
      Array(7).fill(undefined),
      [5, undefined, undefined, undefined, undefined, undefined, undefined],
    ]);
  });

  test('without days there are no weeks', () => expect(calendarOf([], 'UTC')).toEqual([]));

  test.each([
    [-2, 10, 0],
    [1, 10, 0],
    [5, 10, 2],
    [10, 10, 4],
    [10.1, 10, 5],
    [20, null, 4],
    [4, null, 1],
  ])('a peak of %s kW with a limit of %s has the level %s', (kw, limit, want) => expect(levelOf(kw, limit, 20)).toBe(want));
});

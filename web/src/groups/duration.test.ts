import { describe, expect, test } from 'vitest';
import { curve, durationOf, loadAt } from './duration';

describe('load duration', () => {
  const hours = durationOf([2, null, 8, 4, 6], 5);

  test('the hours are sorted, without those that are not known', () => {
    expect(hours).toEqual({ loads: [8, 6, 4, 2], least: 2, most: 8, above: 2 });
    expect(durationOf([null], 5)).toBeUndefined();
    expect(durationOf([1], null)?.above).toBeNull();
  });

  test('a share of the hours has a load', () => {
    if (!hours) throw new Error('there are hours');
    expect([loadAt(hours, 0), loadAt(hours, 0.5), loadAt(hours, 1)]).toEqual([8, 4, 2]);
  });

  test('the curve falls from the upper left to the lower right', () => {
    if (!hours) throw new Error('there are hours');
    expect(curve(hours, 0, 8)).toBe('M0 0L333 250L667 500L1000 750');
  });

  test('a year has no more corners than can be seen', () => {
    const year = durationOf(Array.from({ length: 8760 }, (_, i) => i), null);
    expect(year && curve(year, 0, 8760).split('L')).toHaveLength(480);
  });
});

import { expect, test } from 'vitest';
import type { Schemas } from '../api/client';
import { largest, layout, span } from './layout';

const plan = (...kwh: (number | null)[]): Schemas['PlanPoint'][] => kwh.map((v, i) => ({ at: `2019-01-01T0${i}:00:00Z`, kwh: v }));

test('the bars of a plan fill the height on both sides of the line', () => {
  const { zero, bars } = layout(plan(3, -1, 0, null), 25);
  expect(zero).toBe(78);
  expect(bars).toEqual([
    { y: 3, size: 75, more: true },
    { y: 78, size: 25, more: false },
    { y: 78, size: 0, more: false },
    { y: 78, size: 0, more: false },
  ]);
});

test('a small change can be seen', () => {
  expect(layout(plan(2, -0.01), 25).bars.map((b) => b.size)).toEqual([50, 1.5]);
});

test('a plan that changes nothing has no bars', () => {
  expect(layout(plan(0, null), 25).bars.map((b) => b.size)).toEqual([0, 0]);
  expect(span([])).toBe(0);
  expect(span(plan(3, -1))).toBe(4);
  expect(largest(plan(1, -2, null))).toBe(2);
});

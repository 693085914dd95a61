import { expect, test } from 'vitest';
import { dayBefore, greatest, hasPlan, loadColumns, newest } from './columns';

const hour = (n: number) => new Date(Date.UTC(2019, 0, 1, n)).toISOString();
const at = (n: number) => Date.UTC(2019, 0, 1, n) / 1000;

test('a gap stays a gap', () => {
  const c = loadColumns([
    { at: hour(0), actualKwh: null, p10Kwh: null, p50Kwh: 0, p90Kwh: null, plannedKwh: null },
  ]);
  expect(c.actual).toEqual([null]);
  expect(c.p50).toEqual([0]);
  expect(hasPlan(c)).toBe(false);
});

test('a plan that changes nothing is no plan', () => {
  const c = loadColumns([{ at: hour(0), actualKwh: null, p10Kwh: 1, p50Kwh: 2, p90Kwh: 3, plannedKwh: 2 }]);
  expect(hasPlan(c)).toBe(false);
  expect(hasPlan({ ...c, planned: [1.5] })).toBe(true);
});

test('greatest and newest skip gaps', () => {
  expect(greatest([1, 2, 3], [9, null, 4], 2)).toEqual({ x: 3, value: 4 });
  expect(greatest([1], [null])).toBeUndefined();
  expect(newest([1, 2, 3], [9, 5, null])).toEqual({ x: 2, value: 5 });
  expect(newest([], [])).toBeUndefined();
});

test('hours of which nothing is known yet end the chart', () => {
  const nothing = { actualKwh: null, p10Kwh: null, p50Kwh: null, p90Kwh: null, plannedKwh: null };
  const c = loadColumns([{ ...nothing, at: hour(0) }, { ...nothing, at: hour(1), actualKwh: 1 }, { ...nothing, at: hour(2) }]);
  expect(c.x).toEqual([at(0), at(1)]);
});

test('plans are shown from now on', () => {
  const planned = { actualKwh: null, p10Kwh: 1, p50Kwh: 2, p90Kwh: 3, plannedKwh: 1 };
  expect(loadColumns([{ ...planned, at: hour(0) }, { ...planned, at: hour(1) }], at(1)).planned).toEqual([null, 1]);
});

test('the day before is 24 hours earlier, and nothing before the first hour', () => {
  const x = Array.from({ length: 26 }, (_, i) => at(i));
  expect(dayBefore(x, x.map((_, i) => i)).slice(22)).toEqual([null, null, 0, 1]);
});

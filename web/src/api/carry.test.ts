import { expect, test } from 'vitest';
import { Hours, loadOfGroup, loadOfTwin, withHours } from './carry';

const iso = (h: number) => new Date(Date.UTC(2019, 6, 6, h)).toISOString().replace('.000Z', 'Z');
const point = (h: number, actualKwh: number | null) => ({ at: iso(h), actualKwh, meters: actualKwh === null ? 0 : 5, p10Kwh: 1, p50Kwh: 2, p90Kwh: 3, p50SumKwh: 2, plannedKwh: null });
const answer = () => ({
  data: { id: 'total', capacityKw: null, headroomKw: null, peakKw: null, peakAt: null, breaches: 0, forecastBreaches: 0, points: [point(0, 4), point(1, null), point(2, null)] },
  meta: { asOf: iso(1), step: '1h', tz: 'UTC', unit: 'kWh', partial: false },
});
const groups = [{ id: 'a', parent: null }, { id: 'b', parent: null }, { id: 'a1', parent: 'a' }];

function reported(...events: [hour: number, group: string | null, kwh: number, meters: number][]) {
  const hours = new Hours();
  for (const [h, group, kwh, meters] of events) hours.take({ at: iso(h), group, kwh, meters });
  return hours.all();
}

test('the load of the twin is that of its top groups and of the meters outside any', () => {
  const hours = reported([1, 'a', 1, 2], [1, 'a1', 1, 2], [1, 'b', 2, 2], [1, null, 4, 1]);
  const next = withHours(answer(), hours, loadOfTwin(groups));
  expect(next.data.points.map((p) => p.actualKwh)).toEqual([4, 7, null]);
  expect(next.meta.asOf).toBe(iso(2));
});

test('an hour that is not whole waits, and so do those behind it', () => {
  const some = answer();
  expect(withHours(some, reported([1, 'a', 1, 2], [2, 'a', 1, 3], [2, 'b', 1, 2]), loadOfTwin(groups))).toBe(some);
  expect(withHours(some, reported([1, 'a', 1, 2], [1, 'b', 1, 2]), loadOfTwin(groups))).toBe(some); // one meter is missing
});

test('hours go on behind those of the answer, and without a gap', () => {
  const hours = reported([2, 'g', 8, 5], [1, 'g', 7, 5], [3, 'g', 9, 5], [5, 'g', 1, 5]);
  const next = withHours(answer(), hours, loadOfGroup('g'));
  expect(next.data.points.map((p) => [p.at, p.actualKwh, p.p50Kwh])).toEqual([[iso(0), 4, 2], [iso(1), 7, 2], [iso(2), 8, 2], [iso(3), 9, null]]);
  expect(next.meta.asOf).toBe(iso(4));
});

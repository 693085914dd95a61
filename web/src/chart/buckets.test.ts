import { expect, test } from 'vitest';
import { bucketOf, byDay, loadDays } from './buckets';
import { loadColumns } from './columns';

const first = Date.UTC(2019, 2, 30, 0) / 1000;

test('hours become the days of the zone, one of which has 23', () => {
  const x = Array.from({ length: 24 + 23 + 1 }, (_, i) => first + i * 3600);
  const days = byDay(x, 'Europe/London');
  expect(days.x.map((d) => (d - first) / 3600)).toEqual([0, 24, 47]);
  const ones = x.map((_, i) => (i < 24 ? 1 : i < 47 ? 2 : null));
  expect(days.mean(ones)).toEqual([1, 2, null]);
  expect(days.greatest(x.map((_, i) => i))).toEqual([23, 46, 47]);
});

test('a year has one bucket for all of its series', () => {
  const points = Array.from({ length: 8760 }, (_, i) => ({
    at: new Date((first + i * 3600) * 1000).toISOString(), actualKwh: i % 24, p10Kwh: 0, p50Kwh: 1, p90Kwh: 2, plannedKwh: null,
  }));
  const days = loadDays(loadColumns(points), 'UTC');
  expect([days.x, days.actual, days.p50, days.planned, days.least, days.greatest].map((c) => c.length)).toEqual(Array(6).fill(365));
  expect([days.actual[3], days.least[3], days.greatest[3]]).toEqual([11.5, 0, 23]);
});

test('a long range is drawn by days unless hours are wanted', () => {
  expect([bucketOf(7 * 86_400, 'auto'), bucketOf(300 * 86_400, 'auto'), bucketOf(300 * 86_400, 'hour')]).toEqual(['hour', 'day', 'hour']);
});

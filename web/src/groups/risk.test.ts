import { expect, test } from 'vitest';
import { riskColumns, worstHour } from './risk';

const point = (hour: number, before: number | null, after = before) => ({
  at: new Date(Date.UTC(2019, 0, 1, hour)).toISOString(),
  p10Kwh: 1, p50Kwh: 2, p90Kwh: 3, exceedanceBefore: before, exceedanceAfter: after, excessBeforeKwh: before, excessAfterKwh: after,
});

const points = [point(0, 0.9), point(1, 0.2, 0.1), point(2, 0.6, 0.05), point(3, null)];

test('hours that are over have no risk', () => {
  expect(riskColumns(points, '2019-01-01T01:00:00Z').before).toEqual([0.2, 0.6]);
  expect(worstHour(points, '2019-01-01T01:00:00Z')?.at).toBe('2019-01-01T02:00:00.000Z');
});

test('a small risk is not named', () => expect(worstHour([point(1, 0.004)], null)).toBeUndefined());

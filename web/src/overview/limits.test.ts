import { expect, test } from 'vitest';
import type { Schemas } from '../api/client';
import { limitsAtRisk } from './limits';

const group = (id: string, after: number, excess: number, atRisk: boolean): Schemas['Group'] => ({
  id,
  meters: 3,
  parent: null,
  children: [],
  capacityKw: 10,
  lastAt: null,
  lastKwh: null,
  utilisation: null,
  forecastPeakKw: null,
  forecastPeakAt: null,
  limitRisk: { at: '2019-02-12T19:00:00Z', exceedanceAfter: after, excessAfterKwh: excess, exceedanceBefore: 0.9, tolerated: 0.1, atRisk },
});

test('limits at risk come the likeliest first, and others are left out', () => {
  const { limitRisk: _, ...free } = group('free', 0, 0, false);
  const all = [group('held', 0.1, 1, false), group('north', 0.4, 1, true), free, group('south', 0.7, 1, true), group('west', 0.4, 2, true)];
  expect(limitsAtRisk(all).map((l) => l.group)).toEqual(['south', 'west', 'north']);
  expect(limitsAtRisk([])).toEqual([]);
});

import { expect, test } from 'vitest';
import { loadColumns } from '../chart/columns';
import { columnsKnown } from './known';

const iso = (h: number) => new Date(Date.UTC(2019, 6, 6, h)).toISOString();
const at = (h: number) => Date.UTC(2019, 6, 6, h) / 1000;

test('what came later is not shown: readings, corrections and forecasts', () => {
  const load = loadColumns([0, 1, 2, 3].map((h) => ({ at: iso(h), actualKwh: 10 + h, p10Kwh: 0, p50Kwh: 20 + h, p90Kwh: 99, plannedKwh: 5 })));
  const readings = [{ at: iso(0), kwh: 7, hours: 1, partial: false }, { at: iso(1), kwh: null, hours: 0, partial: true }];
  const forecast = { issuedAt: iso(1), dayAhead: true, model: 'm', points: [1, 2].map((h) => ({ at: iso(h), p10Kwh: 1, p50Kwh: 30 + h, p90Kwh: 2 })) };
  const known = columnsKnown(load, readings, forecast, at(2));
  expect(known.actual).toEqual([7, null, null, null]);
  expect(known.p50).toEqual([20, 31, 32, null]);
  expect(known.planned).toEqual([null, null, null, null]);
});

test('without a forecast none is shown behind the time', () => {
  const load = loadColumns([0, 1].map((h) => ({ at: iso(h), actualKwh: 1, p10Kwh: 0, p50Kwh: 2, p90Kwh: 3, plannedKwh: null })));
  expect(columnsKnown(load, [], undefined, at(1)).p50).toEqual([2, null]);
});

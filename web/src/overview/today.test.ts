import { expect, test } from 'vitest';
import { asForecast } from './today';

const hour = (h: number, actualKwh: number | null) => ({ at: new Date(Date.UTC(2019, 6, 6, h)).toISOString(), actualKwh, p10Kwh: 8, p50Kwh: 10, p90Kwh: 12 });
const now = '2019-07-06T12:00:00Z';

test('a day inside the band, with about the energy expected, went as forecast', () => {
  const points = [hour(-3, 50), ...Array.from({ length: 10 }, (_, i) => hour(i, i % 2 ? 10.5 : 9.7)), hour(11, null)];
  expect(asForecast(points, now, 'UTC')).toEqual({ hours: 10, inside: 10, off: expect.closeTo(0.01, 3) });
});

test.each([
  ['few hours', Array.from({ length: 5 }, (_, i) => hour(i, 10))],
  ['more energy than expected', Array.from({ length: 10 }, (_, i) => hour(i, 11.5))],
  ['hours outside of the band', Array.from({ length: 10 }, (_, i) => hour(i, i % 3 ? 10 : i % 2 ? 13 : 7))],
])('%s do not', (_, points) => expect(asForecast(points, now, 'UTC')).toBeUndefined());

import { expect, test } from 'vitest';
import { lastDay, moment, placeOf } from './playback';

const zone = 'Europe/London';
const now = Date.parse('2025-04-12T15:00:00Z') / 1000;

test('each place shows three days, also where clocks change', () => {
  const text = (place: number) => moment(place, now, zone).map((at) => new Date(at * 1000).toISOString());
  expect(text(27)).toEqual(['2025-04-08T23:00:00.000Z', '2025-04-11T23:00:00.000Z']);
  expect(text(15)).toEqual(['2025-03-28T00:00:00.000Z', '2025-03-30T23:00:00.000Z']);
});

test('a place that is shown is found again', () => {
  for (let place = 0; place < lastDay; place++) expect(placeOf(moment(place, now, zone), now, zone)).toBe(place);
  expect(placeOf(undefined, now, zone)).toBe(lastDay);
  expect(placeOf([now - 400 * 86_400, now - 399 * 86_400], now, zone)).toBe(0);
});

import { expect, test } from 'vitest';
import { ahead, askedOf, beside, shortest, spanOf, within, zoomed } from './range';

const utc = (text: string) => Date.parse(text) / 1000;
const zone = 'Europe/London';

test('dates are days of the zone, and stay dates', () => {
  const june = spanOf({ from: '2019-06-01', to: '2019-07-01' }, zone)!;
  expect(june).toEqual([utc('2019-05-31T23:00:00Z'), utc('2019-06-30T23:00:00Z')]);
  expect(askedOf(june, zone)).toEqual({ from: '2019-06-01', to: '2019-07-01' });
  expect(askedOf(beside(june, -1, zone), zone)).toEqual({ from: '2019-05-02', to: '2019-06-01' });
});

test('the day before one of 23 hours has 24', () => {
  const [from, to] = beside(spanOf({ from: '2019-03-31', to: '2019-04-01' }, zone)!, -1, zone);
  expect((to - from) / 3600).toBe(24);
});

test('what is no range is none', () => {
  for (const asked of [{ from: 'now-7d' }, { from: '2019-06-02', to: '2019-06-01' }, { from: '2017-01-01', to: '2019-01-01' }, { from: 'x', to: 'y' }]) {
    expect(spanOf(asked, zone)).toBeUndefined();
  }
});

test('a brushed range is asked for by whole hours', () => {
  expect(askedOf([utc('2019-06-01T05:20:00Z'), utc('2019-06-01T09:10:00Z')], zone)).toEqual({ from: '2019-06-01T05:00:00Z', to: '2019-06-01T10:00:00Z' });
});

test('zooming keeps the time under the pointer, and ends at an hour or a year', () => {
  expect(zoomed([0, 100], 25, 0.5)).toEqual([12.5, 62.5]);
  expect(within([0, 60], undefined)).toEqual([30 - shortest / 2, 30 + shortest / 2]);
  const now = 1_000_000;
  expect(within([now, now + 2 * ahead], now)).toEqual([now - ahead, now + ahead]);
});

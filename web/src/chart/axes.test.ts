import { expect, test } from 'vitest';
import { timeAxisSize, timeLabels, yRange } from './axes';

const at = (h: number) => Date.UTC(2019, 6, 6, h) / 1000;

test('the date stands under the first tick of a day, in the zone', () => {
  expect(timeLabels([at(17), at(23), at(29)], 6 * 3600, 'Europe/London')).toEqual(['18:00', '00:00\nSun 7 Jul', '06:00']);
});

test('ticks of whole days show the date alone', () => {
  expect(timeLabels([at(0), at(24)], 86_400, 'UTC')).toEqual(['Sat 6 Jul', 'Sun 7 Jul']);
});

test('the axis of time is as high as its labels', () => {
  expect(timeAxisSize(timeLabels([at(0), at(24)], 86_400, 'UTC'))).toBeLessThan(timeAxisSize(timeLabels([at(17), at(23)], 6 * 3600, 'UTC')));
  expect(timeAxisSize(null)).toBe(40);
});

test('the range holds 0 and the limit', () => {
  expect(yRange(3, 10, 20)).toEqual([0, 21.6]);
  expect(yRange(-5, 10)[0]).toBeLessThan(-5);
  expect(yRange(null, null)).toEqual([0, 1]);
});

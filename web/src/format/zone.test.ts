import { expect, test } from 'vitest';
import { dateLater, dateOf, daysOf, fromWall, startOf, startOfDay, wall } from './zone';

const utc = (text: string) => Date.parse(text) / 1000;

test('a day begins at its midnight, whatever the clocks do in it', () => {
  expect(startOf('2019-03-31', 'Europe/London')).toBe(utc('2019-03-31T00:00:00Z'));
  expect(startOf('2019-04-01', 'Europe/London')).toBe(utc('2019-03-31T23:00:00Z'));
  expect(startOf('2019-10-28', 'Europe/London')).toBe(utc('2019-10-28T00:00:00Z'));
  expect(startOf('2019-07-01', 'Asia/Kolkata')).toBe(utc('2019-06-30T18:30:00Z'));
  expect(startOf('soon', 'UTC')).toBeNaN();
  expect(startOfDay(utc('2019-07-06T22:30:00Z'), 'Europe/London', 1)).toBe(utc('2019-07-06T23:00:00Z'));
});

test('a time that is shown twice is the first, one that is skipped lies behind the gap', () => {
  expect(fromWall(utc('2019-10-27T01:30:00Z'), 'Europe/London')).toBe(utc('2019-10-27T00:30:00Z'));
  expect(fromWall(utc('2019-03-31T01:30:00Z'), 'Europe/London')).toBe(utc('2019-03-31T01:30:00Z'));
  expect(startOf('2019-03-31', 'Asia/Beirut')).toBe(utc('2019-03-30T22:00:00Z')); // its midnight is skipped
});

test('days follow one another without a gap', () => {
  const days = daysOf(utc('2019-03-30T12:00:00Z'), utc('2019-04-01T22:00:00Z'), 'Europe/Berlin');
  expect(days.map((d) => dateOf(d, 'Europe/Berlin'))).toEqual(['2019-03-30', '2019-03-31', '2019-04-01']);
  expect(days.slice(1).map((d, i) => (d - days[i]!) / 3600)).toEqual([24, 23]);
});

test('clocks and dates', () => {
  expect(wall(utc('2019-07-06T13:00:00Z'), 'Europe/London')).toBe(utc('2019-07-06T14:00:00Z'));
  expect(dateLater('2019-12-31', 1)).toBe('2020-01-01');
});

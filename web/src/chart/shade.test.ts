import { expect, test } from 'vitest';
import { shades } from './shade';

const utc = (text: string) => Date.parse(text) / 1000;
const text = (at: number) => new Date(at * 1000).toISOString().slice(5, 16);

test('nights and weekends are those of the zone', () => {
  // 5 July 2019 is a Friday.
  const out = shades(utc('2019-07-05T12:00:00Z'), utc('2019-07-06T12:00:00Z'), 'Europe/London');
  expect(out.filter((s) => s.kind === 'weekend').map((s) => [text(s.from), text(s.to)])).toEqual([['07-05T23:00', '07-06T23:00']]);
  expect(out.filter((s) => s.kind === 'night').map((s) => [text(s.from), text(s.to)])).toContainEqual(['07-05T21:00', '07-05T23:00']);
});

test('a long range has weekends alone, and a year neither', () => {
  const from = utc('2019-01-01T00:00:00Z');
  expect(new Set(shades(from, from + 60 * 86_400, 'UTC').map((s) => s.kind))).toEqual(new Set(['weekend']));
  expect(shades(from, from + 365 * 86_400, 'UTC')).toEqual([]);
});

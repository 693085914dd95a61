import { expect, test } from 'vitest';
import { comparison, keyName, worst } from './accuracy';

test.each([
  [0.68, '32 % less than repeating the week before'],
  [1.2, '20 % more than repeating the week before'],
  [1.001, 'as much as repeating the week before'],
  [null, 'nothing to compare with'],
])('an error of %s is %s', (rel, want) => expect(comparison(rel)).toBe(want));

test.each([
  ['lead', '0', '0–1 hours ahead'],
  ['hour', '23', '23:00–00:00'],
  ['weekday', '7', 'Sunday'],
  ['day', '2019-02-03', '2019-02-03'],
] as const)('%s %s is %s', (by, key, want) => expect(keyName(by, key)).toBe(want));

test('the worst come first, and what cannot be compared is left out', () => {
  const line = (key: string, relMae: number | null) => ({ key, relMae, coverage: 0.8, hours: 24, maeKwh: 1, naiveMaeKwh: 1, pinballKwh: 1, relPinball: 1, series: 1 });
  expect(worst([line('a', 0.5), line('b', null), line('c', 0.9), line('d', 0.7)], 2).map((l) => l.key)).toEqual(['c', 'd']);
});

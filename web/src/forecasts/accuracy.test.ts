import { expect, test } from 'vitest';
import { comparison, keyName, reliability, worst } from './accuracy';

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
  ['month', '2019-02', 'February 2019'],
] as const)('%s %s is %s', (by, key, want) => expect(keyName(by, key)).toBe(want));

test('the worst come first, and what cannot be compared is left out', () => {
  const line = (key: string, relMae: number | null) => ({ key, relMae, coverage: 0.8, hours: 24, maeKwh: 1, naiveMaeKwh: 1, pinballKwh: 1, relPinball: 1, series: 1, belowP10: 0.1, belowP50: 0.5, belowP90: 0.9 });
  expect(worst([line('a', 0.5), line('b', null), line('c', 0.9), line('d', 0.7)], 2).map((l) => l.key)).toEqual(['c', 'd']);
});

test('quantiles that nothing was compared with are no points', () => {
  expect(reliability({ belowP10: 0.08, belowP50: 0.47, belowP90: 0.93 }).map((q) => [q.name, q.promised, q.observed])).toEqual([
    ['p10', 0.1, 0.08],
    ['p50', 0.5, 0.47],
    ['p90', 0.9, 0.93],
  ]);
  expect(reliability({ belowP10: null, belowP50: null, belowP90: null })).toEqual([]);
});

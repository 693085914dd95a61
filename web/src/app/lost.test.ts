import { expect, test } from 'vitest';
import { isLost } from './lost';

test.each([
  ['just after an answer', 0, 1_000, false],
  ['at the first failure', 1, 1_000, true],
  ['when answers do not come', 0, 13_000, true],
] as const)('%s', (_, failures, silent, want) => expect(isLost(failures, 100_000, 100_000 + silent)).toBe(want));

test('beside events an answer may be later', () => {
  expect(isLost(0, 100_000, 113_000, true)).toBe(false);
  expect(isLost(0, 100_000, 192_000, true)).toBe(true);
  expect(isLost(1, 100_000, 100_000, true)).toBe(true);
});

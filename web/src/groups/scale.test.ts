import { expect, test } from 'vitest';
import { scaleOf } from './scale';

test('a load above its limit passes it', () => {
  const s = scaleOf([15, 12, 10]);
  expect([s.bar(15), s.at(10)]).toEqual([{ from: 0, width: 100 }, expect.closeTo(66.7, 1)]);
});

test('export goes left from zero', () => {
  const s = scaleOf([-5, 2, 15]);
  expect([s.bar(-5), s.bar(2)]).toEqual([{ from: 0, width: 25 }, { from: 25, width: 10 }]);
});

test('nothing known is an empty bar', () => expect(scaleOf([null, null]).bar(0)).toEqual({ from: 0, width: 0 }));

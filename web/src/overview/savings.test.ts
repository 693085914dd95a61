import { expect, test } from 'vitest';
import type { Schemas } from '../api/client';
import { savings } from './savings';

const period = (promised: number | null, realised: number | null) => ({ promised, realised }) as Schemas['KPIPeriod'];

test.each([
  ['less than promised', 8, 6, { promised: 100, realised: 75 }, 0.75],
  ['more than promised', 6, 8, { promised: 75, realised: 100 }, 8 / 6],
  ['a loss has no bar', 8, -2, { promised: 100, realised: 0 }, -0.25],
  ['nothing promised', 0, 2, { promised: 0, realised: 100 }, null],
  ['nothing at all', 0, 0, { promised: 0, realised: 0 }, null],
])('%s', (_, promised, realised, bars, kept) => {
  expect(savings(period(promised, realised))).toEqual({ promised, realised, bars, kept });
});

test('no plan is over yet', () => {
  expect(savings(period(null, null))).toBeNull();
});

import { expect, test } from 'vitest';
import type { Schemas } from '../api/client';
import { realisedLabel, savings, settledDays } from './savings';

type Period = Schemas['KPIPeriod'];

const period = (promised: number, realised: number, demand: [number | null, number | null] = [0, 0]) =>
  ({ promised: { energy: promised, demand: demand[0] }, realised: { energy: realised, demand: demand[1] } }) as Period;

test.each([
  ['less than promised', 8, 6, { promised: 100, realised: 75 }, 0.75],
  ['more than promised', 6, 8, { promised: 75, realised: 100 }, 8 / 6],
  ['a loss has no bar', 8, -2, { promised: 100, realised: 0 }, -0.25],
  ['nothing promised', 0, 2, { promised: 0, realised: 100 }, null],
  ['nothing at all', 0, 0, { promised: 0, realised: 0 }, null],
])('%s', (_, promised, realised, bars, kept) => {
  expect(savings(period(promised, realised))).toEqual({ energy: { promised, realised, bars, kept }, demand: null });
});

test('the demand charge stands apart', () => {
  const s = savings(period(8, 6, [20, -1]));
  expect(s?.energy).toMatchObject({ promised: 8, realised: 6 });
  expect(s?.demand).toMatchObject({ promised: 20, realised: -1, kept: -0.05 });
});

test('plans of an earlier version do not show it', () => {
  expect(savings(period(8, 6, [null, 3]))?.demand).toBeNull();
});

test('no plan is settled yet', () => {
  expect(savings({ promised: null, realised: null } as unknown as Period)).toBeNull();
});

test('it says how the saving was computed, and for how many days', () => {
  expect(realisedLabel({ realisedMethod: 'simulated' } as Period)).toBe('Would have saved');
  expect(realisedLabel({ realisedMethod: 'estimated' } as Period)).toBe('Estimated saving');
  expect(settledDays({ settledDays: 6, days: 7 } as Period)).toBe('6 of 7 days settled');
  expect(settledDays({ settledDays: 0, days: 1 } as Period)).toBe('0 of 1 day settled');
});

import { expect, test } from 'vitest';
import { answersTo, snoozesOf } from './answers';

const plan = {
  action: 'load_shift',
  mode: 'Advisory',
  validFrom: '2026-05-02T00:00:00Z',
  validTo: '2026-05-03T00:00:00Z',
  heldTo: '2026-05-03T00:00:00Z',
} as const;

test('a plan to come can be accepted, rejected or put off', () => {
  expect(answersTo(plan, '2026-05-01T13:00:00Z')).toEqual(['accepted', 'rejected', 'snoozed']);
});

test('a plan that has begun can have been followed too', () => {
  expect(answersTo(plan, '2026-05-02T00:00:00Z')).toEqual(['accepted', 'rejected', 'snoozed', 'followed']);
});

test('a plan that is over can only have been followed', () => {
  expect(answersTo(plan, '2026-05-03T00:00:00Z')).toEqual(['followed']);
});

test('a plan that a later one replaced is over then', () => {
  const revised = { ...plan, heldTo: '2026-05-02T12:00:00Z' };
  expect(answersTo(revised, '2026-05-02T11:00:00Z')).toContain('accepted');
  expect(answersTo(revised, '2026-05-02T12:00:00Z')).toEqual(['followed']);
  expect(answersTo({ ...plan, heldTo: plan.validFrom }, '2026-05-01T13:00:00Z')).toEqual([]);
});

test('nothing to do, what is not for action, and an unknown time take no answer', () => {
  expect(answersTo({ ...plan, action: 'none' }, '2026-05-01T13:00:00Z')).toEqual([]);
  expect(answersTo({ ...plan, mode: 'Shadow' }, '2026-05-01T13:00:00Z')).toEqual([]);
  expect(answersTo(plan, null)).toEqual([]);
});

test('a plan is put off to a time before it is over', () => {
  expect(snoozesOf(plan, '2026-05-01T13:00:00Z').map((s) => s.label)).toEqual(['for an hour', 'for 3 hours', 'for 12 hours', 'until it begins']);
  expect(snoozesOf(plan, '2026-05-02T21:30:00Z')).toEqual([{ label: 'for an hour', until: '2026-05-02T22:30:00.000Z' }]);
});

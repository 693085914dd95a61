import { expect, test } from 'vitest';
import { about, answerOf, namesIn, offBecause } from './webhook';

test('names are separated by commas or spaces, each once', () => expect(namesIn(' a, b  c,,a ')).toEqual(['a', 'b', 'c']));

test('what a webhook is sent', () => {
  expect(about({ kinds: [], groups: [], meters: [] })).toBe('every event');
  expect(about({ kinds: ['limit', 'alert'], groups: ['feeder-1'], meters: [] })).toBe('events of the kind limit, alert about feeder-1');
});

test.each([
  ['user', 'turned off by hand; messages wait'],
  ['failing', 'turned off: nothing was delivered for too long'],
  ['gone', 'turned off: the receiver answered that it is gone (410)'],
])('off by %s', (offReason, want) => expect(offBecause({ offReason })).toBe(want));

test('the newest attempt counts', () => {
  const at = '2026-01-01T00:00:00Z';
  expect(answerOf({ tries: [] })).toBe('not sent yet');
  expect(answerOf({ tries: [{ at, durationMs: 9, status: 500, error: 'boom' }, { at, durationMs: 12, status: 204, error: null }] })).toBe('204 in 12 ms');
  expect(answerOf({ tries: [{ at, durationMs: 9, status: null, error: 'connection refused' }] })).toBe('connection refused');
});

import { expect, test } from 'vitest';
import { endingOf } from './ended';

const holder = { name: 'ops', method: 'key' as const, expiresAt: '2026-01-01T12:00:00Z' };
const before = Date.UTC(2026, 0, 1, 11);
const after = Date.UTC(2026, 0, 1, 13);

test('who had not signed in gets no explanation', () => expect(endingOf(undefined, undefined, after)).toBeUndefined());

test.each([
  ['session_expired', holder, before, 'Your session has expired'],
  [undefined, holder, after, 'Your session has expired'], // the browser has dropped the cookie
  ['signed_out', holder, before, 'This session was ended'],
  ['key_ended', holder, before, 'The API key ops has ended'],
  ['key_ended', undefined, before, 'Your API key has ended'],
  ['access_ended', undefined, before, 'You have no access any more'],
  [undefined, holder, before, 'You are signed out'],
] as const)('%s', (reason, who, now, title) => expect(endingOf(reason, who, now)?.title).toBe(title));

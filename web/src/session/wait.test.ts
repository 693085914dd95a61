import { expect, test } from 'vitest';
import { waitText } from './wait';

test('the wait counts down, and then is over', () => {
  expect(waitText('too many failed sign-ins from this address; wait 6 s', 4)).toBe('Too many failed sign-ins from this address. Wait 4 s, then try again.');
  expect(waitText('too many failed sign-ins from this address; wait 6 s', 0)).toBe('Too many failed sign-ins from this address. You can try again now.');
});

import { expect, test } from 'vitest';
import { actionName, statusName } from './words';

test('codes have names', () => {
  expect(actionName('load_shift')).toBe('Load shift');
  expect(statusName('active')).toBe('under way');
});

test('a code of a later version is still readable', () => expect(actionName('heat_pump_pause')).toBe('Heat pump pause'));

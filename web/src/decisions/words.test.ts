import { expect, test } from 'vitest';
import { actionName, itemName } from './actions';
import { statusName } from './words';

test('codes have names', () => {
  expect(actionName('load_shift')).toBe('Load shift');
  expect(statusName('active')).toBe('under way');
  expect([statusName('planned', true), statusName('past', true)]).toEqual(['planned at the end', 'over']);
});

test('a plan item has the name of its device', () => {
  expect(['battery', 'ev_charge', 'preheat', 'load_shift'].map(itemName)).toEqual(['Battery', 'Car', 'Heat pump', 'Other load']);
});

test('a code of a later version is still readable', () => expect(actionName('heat_pump_pause')).toBe('Heat pump pause'));

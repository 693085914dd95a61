import { expect, test } from 'vitest';
import { devicesOf, matches } from './devices';

test('a device is of the meters that it names, and of the group', () => {
  const policy = {
    assets: [
      { name: 'battery', meters: ['home-*'], battery: { capacityKWh: 8, powerKW: 3, efficiency: 0.9 } },
      { name: 'car', meters: ['shop-1'], ev: { energyKWh: 9, arrival: '18:00' } },
      { name: 'roof', group: 'feeder-1', pv: { peakKW: 4 } },
    ],
  };
  expect(devicesOf(policy, 'home-7', 'feeder-1')).toEqual([
    { name: 'battery', kind: 'Battery', facts: ['capacity 8 kWh', 'power 3 kW', 'efficiency 0.9'] },
    { name: 'roof', kind: 'Solar panels', facts: ['peak 4 kW'] },
  ]);
  expect(devicesOf(undefined, 'home-7', null)).toEqual([]);
});

test('patterns are those of the spec', () => {
  expect([matches('home-?', 'home-7'), matches('home-?', 'home-77'), matches('*.7', 'a.7'), matches('*.7', 'ab7')]).toEqual([true, false, true, false]);
});

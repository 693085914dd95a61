import { describe, expect, test } from 'vitest';
import { count, counted, energy, mass, money, percent, power, unitPrice, unknown } from './energy';
import { age, clock, dateTime, dayHour, hourOf, hours, readable, relativeDay } from './time';

describe('numbers', () => {
  test.each([
    [0, '0 kWh'],
    [0.4213, '0.421 kWh'],
    [999.6, '1,000 kWh'],
    [1234.5, '1,235 kWh'],
    [12_345, '12.3 MWh'],
    [-2.5, '−2.5 kWh'],
    [null, unknown],
    [Number.NaN, unknown],
  ])('energy(%s) is %s', (v, want) => expect(energy(v)).toBe(want));

  test('mass has its own units', () => expect([mass(12.5), mass(25_000)]).toEqual(['12.5 kg', '25 t']));

  test('power has its own units', () => expect(power(25_000)).toBe('25 MW'));

  test.each([
    [174_606, '174,606'],
    [12_345_678, '12.3m'],
    [99_999, '99,999'],
    [undefined, unknown],
  ])('count(%s) is %s', (v, want) => expect(count(v)).toBe(want));

  test.each([
    [0, '0 messages wait'],
    [1, '1 message waits'],
    [2_000, '2,000 messages wait'],
    [null, '– messages wait'],
  ])('counted(%s) is %s', (v, want) => expect(counted(v, 'message waits', 'messages wait')).toBe(want));

  test.each([
    [0, '0 %'],
    [0.004, '< 1 %'],
    [0.999, '> 99 %'],
    [1, '100 %'],
    [1.2, '120 %'],
  ])('percent(%s) is %s', (v, want) => expect(percent(v)).toBe(want));

  test('money in a known and in an unknown currency', () => {
    expect(money(0.425, 'GBP')).toMatch(/^£0\.4[23]$/);
    expect(money(1, '')).toBe('1.00');
    expect([unitPrice(0.2735, 'GBP'), unitPrice(0.3, 'GBP')]).toEqual(['£0.2735', '£0.30']);
    expect(money(-2.3, 'GBP')).toBe('−£2.30');
    expect(money(null, 'GBP')).toBe(unknown);
  });
});

describe('times', () => {
  test('are those of the zone', () => {
    expect(readable('written at 2019-07-06T13:00:00Z, not 2019-07-06', 'Europe/London')).toBe('written at Sat 6 Jul 2019, 14:00, not 2019-07-06');
    expect(dateTime('2019-07-06T13:00:00Z', 'Europe/London')).toBe('Sat 6 Jul 2019, 14:00');
    expect(clock('2019-01-06T23:30:00Z', 'Asia/Kolkata')).toBe('05:00');
    expect(hours('2019-07-06T16:00:00Z', '2019-07-06T19:00:00Z', 'Europe/London')).toBe('17:00–20:00');
  });

  test('an hour has a beginning and an end', () => {
    expect(hourOf('2019-07-06T16:00:00Z', 'Europe/London')).toBe('17:00–18:00');
    expect(hourOf('2019-10-27T00:00:00Z', 'Europe/London')).toBe('01:00–01:00'); // clocks go back
    expect(dayHour('2019-07-06T22:00:00Z', 'Europe/London')).toBe('Sat 6 Jul 2019, 23:00–00:00');
    expect([hourOf(null, 'UTC'), dayHour(undefined, 'UTC')]).toEqual([unknown, unknown]);
  });

  test('midnight is 00:00', () => expect(clock('2019-01-06T00:00:00Z', 'UTC')).toBe('00:00'));

  test('a day is named by the local calendar', () => {
    const now = '2019-07-06T22:30:00Z'; // 23:30 in London
    expect(relativeDay('2019-07-06T23:30:00Z', now, 'Europe/London')).toBe('tomorrow');
    expect(relativeDay('2019-07-06T23:30:00Z', now, 'UTC')).toBe('today');
    expect(relativeDay('2019-07-05T12:00:00Z', now, 'UTC')).toBe('yesterday');
    expect(relativeDay('2019-07-12T12:00:00Z', now, 'UTC')).toBe('Fri 12 Jul');
  });

  test.each([
    [0, '0 s ago'],
    [100, '2 min ago'],
    [7200, '2 h ago'],
    [5 * 86_400, '5 days ago'],
  ])('age of %s s', (s, want) => expect(age('2026-01-01T00:00:00Z', Date.UTC(2026, 0, 1) + s * 1000)).toBe(want));

  test('what never was has no age', () => expect(age(null, 0)).toBe('never'));
});

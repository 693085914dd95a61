import { expect, test } from 'vitest';
import { sparkOf } from './spark';

test('the greatest hour is at the top, zero at the bottom, and a gap interrupts the line', () => {
  expect(sparkOf([0, 2, null, 1], 32, 12)).toEqual({ path: 'M1 11h.01L11 1M31 6h.01', least: 0, most: 2, zero: 11 });
});

test('export lies below zero', () => {
  const spark = sparkOf([-1, 1], 12, 12);
  expect(spark).toMatchObject({ least: -1, most: 1, zero: 6 });
});

test('without any hour there is no line', () => expect(sparkOf([null, null], 10, 10)).toBeUndefined());

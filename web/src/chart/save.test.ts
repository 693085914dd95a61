import { expect, test } from 'vitest';
import type { Drawing } from './plot';
import { csvOf, fileName } from './save';

const at = (h: number) => Date.UTC(2019, 6, 6, h) / 1000;

test('a file has what is drawn in the range, and an empty field for a gap', () => {
  const drawing: Drawing = {
    x: [at(0), at(1), at(2)], zone: 'UTC', axis: 'kW', format: String,
    lines: [{ label: 'Measured, "net"', values: [1, null, 3], color: '--a' }],
    band: { label: '80 % band', low: [0, 0.5, 2], high: [2, 2.5, 4], color: '--b' },
  };
  expect(csvOf(drawing, at(1), at(2))).toBe(
    'at,"Measured, ""net""","80 % band, low","80 % band, high"\r\n2019-07-06T01:00:00.000Z,,0.5,2.5\r\n2019-07-06T02:00:00.000Z,3,2,4\r\n',
  );
});

test('a name of a file is one for every system', () => {
  expect(fileName('Price: a/b', at(0), at(24), 'UTC', 'png')).toBe('price-a-b-2019-07-06-2019-07-06.png');
});

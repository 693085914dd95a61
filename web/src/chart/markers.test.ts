import { expect, test } from 'vitest';
import { clusters } from './markers';

test('markers that lie close are one, and those outside none', () => {
  const markers = [30, 5, 0, -4, 120].map((at) => ({ id: String(at), at, label: '' }));
  const out = clusters(markers, (at) => at, 100, 26);
  expect(out.map((c) => [c.left, c.markers.map((m) => m.id)])).toEqual([[0, ['0', '5']], [30, ['30']]]);
});

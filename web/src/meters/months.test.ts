import { expect, test } from 'vitest';
import { monthsOf } from './months';

test('days stand in the months of the zone', () => {
  const at = (text: string, kwh: number | null) => ({ at: text, kwh, hours: 24, partial: kwh === null });
  const [june, may] = monthsOf([at('2019-05-30T23:00:00Z', 4), at('2019-05-31T23:00:00Z', 8), at('2019-06-01T23:00:00Z', null)], 'Europe/London');
  expect([june!.label, june!.kwh, may!.kwh]).toEqual(['Jun 2019', 8, 4]);
  expect(june!.days[1]).toEqual({ date: '2019-06-01', kwh: 8, partial: false, share: 1 });
  expect(june!.days[2]?.kwh).toBeNull();
  expect(may!.days[31]?.share).toBe(0.5);
});

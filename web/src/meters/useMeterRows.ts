import { useQueries } from '@tanstack/react-query';
import type { Schemas } from '../api/client';
import { type MeterFilter, meters, metersOfPage } from '../api/questions';
import { useRested } from '../app/useRested';

/** pause is how long the pages that are seen may change before they are asked for, in milliseconds. */
const pause = 30;

/**
 * useMeterRows asks for the pages of the rows from first to last, and gives the meter of a row;
 * undefined while it is not known. Pages that a quick scroll passes are left out.
 */
export function useMeterRows(filter: MeterFilter, first: number, last: number): (row: number) => Schemas['Meter'] | undefined {
  const from = useRested(Math.floor(first / metersOfPage), pause);
  const to = useRested(Math.floor(last / metersOfPage), pause);
  const asked = Array.from({ length: Math.min(4, Math.max(1, to - from + 1)) }, (_, i) => from + i);
  const pages = useQueries({ queries: asked.map((at) => meters(filter, at)) });
  return (row) => pages[asked.indexOf(Math.floor(row / metersOfPage))]?.data?.data[row % metersOfPage];
}

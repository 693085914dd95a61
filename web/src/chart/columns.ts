import type { Schemas } from '../api/client';

/** Column is one value per x; null where there is none. */
export type Column = (number | null)[];

/** LoadColumns are the lines of a load chart. x is in seconds since 1970. */
export interface LoadColumns {
  x: number[];
  actual: Column;
  p10: Column;
  p50: Column;
  p90: Column;
  planned: Column;
}

/** Hour is what a load chart shows of an hour: of the twin, a group or a meter. */
export type Hour = Pick<Schemas['LoadPoint'], 'at' | 'actualKwh' | 'p10Kwh' | 'p50Kwh' | 'p90Kwh' | 'plannedKwh'>;

/**
 * loadColumns turns hours into columns. Hours at the end of which nothing is
 * known yet are left out, and so are the plans for hours before now, which
 * nobody can follow any more.
 */
export function loadColumns(hours: Hour[], now = Number.NEGATIVE_INFINITY): LoadColumns {
  let end = hours.length;
  while (end > 0 && hours[end - 1]?.actualKwh === null && hours[end - 1]?.p50Kwh === null) end--;
  const points = hours.slice(0, end);
  return {
    x: points.map((p) => seconds(p.at)),
    actual: points.map((p) => p.actualKwh),
    p10: points.map((p) => p.p10Kwh),
    p50: points.map((p) => p.p50Kwh),
    p90: points.map((p) => p.p90Kwh),
    planned: points.map((p) => (seconds(p.at) >= now ? p.plannedKwh : null)),
  };
}

/** hasPlan reports whether following the plans changes the median anywhere. */
export function hasPlan(c: LoadColumns): boolean {
  return c.planned.some((v, i) => v !== null && c.p50[i] !== null && Math.abs(v - (c.p50[i] as number)) > 1e-6);
}

const dayLength = 86_400;

/** dayBefore is at each hour the value of 24 hours before; hours follow one another. */
export function dayBefore(x: number[], column: Column): Column {
  const first = x[0] ?? 0;
  return x.map((at) => {
    const i = Math.round((at - dayLength - first) / 3_600);
    return i >= 0 && x[i] === at - dayLength ? (column[i] ?? null) : null;
  });
}

/** greatest is the greatest value and where it is; undefined if there is none. */
export function greatest(x: number[], column: Column, from = Number.NEGATIVE_INFINITY): { x: number; value: number } | undefined {
  let best: { x: number; value: number } | undefined;
  column.forEach((value, i) => {
    const at = x[i];
    if (value === null || at === undefined || at < from) return;
    if (!best || value > best.value) best = { x: at, value };
  });
  return best;
}

/** newest is the last value of a column. */
export function newest(x: number[], column: Column): { x: number; value: number } | undefined {
  for (let i = column.length - 1; i >= 0; i--) {
    const value = column[i];
    const at = x[i];
    if (value !== null && value !== undefined && at !== undefined) return { x: at, value };
  }
  return undefined;
}

export function seconds(at: string): number {
  return Date.parse(at) / 1000;
}

export function iso(at: number): string {
  return new Date(at * 1000).toISOString();
}

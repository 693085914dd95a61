import { daysOf } from '../format/zone';
import type { Column, LoadColumns } from './columns';

// All series of a chart have one bucket: the hour, or the day of the twin's zone.

export type Bucket = 'hour' | 'day';

const day = 86_400;

/** mostHours is the longest range that is drawn by the hour unless somebody wants more, in seconds. */
export const mostHours = 45 * day;

/** bucketOf is what a range of some seconds is drawn by. */
export function bucketOf(length: number, wanted: Bucket | 'auto'): Bucket {
  if (wanted !== 'auto') return wanted;
  return length > mostHours ? 'day' : 'hour';
}

/** Days are the means of whole series over days. */
export interface Days {
  x: number[];
  /** mean is the mean of the hours of each day that have a value; null if none has. */
  mean(column: Column): Column;
  least(column: Column): Column;
  greatest(column: Column): Column;
}

/** byDay gathers hours into the days of a zone. */
export function byDay(x: number[], zone: string): Days {
  const first = x[0];
  const last = x.at(-1);
  const starts = first === undefined || last === undefined ? [] : daysOf(first, last + 1, zone);
  const begin: number[] = []; // the first hour of each day
  let i = 0;
  for (const start of starts) {
    while (i < x.length && x[i]! < start) i++;
    begin.push(i);
  }
  const fold = (column: Column, of: (values: number[]) => number): Column =>
    begin.map((from, d) => {
      const values = column.slice(from, begin[d + 1] ?? column.length).filter((v) => v !== null);
      return values.length > 0 ? of(values) : null;
    });
  return {
    x: starts,
    mean: (c) => fold(c, (v) => v.reduce((a, b) => a + b) / v.length),
    least: (c) => fold(c, (v) => Math.min(...v)),
    greatest: (c) => fold(c, (v) => Math.max(...v)),
  };
}

/** LoadDays are the days of a load: means, and between which hours the measured ones lay. */
export interface LoadDays extends Pick<LoadColumns, 'x' | 'actual' | 'p50' | 'planned'> {
  least: Column;
  greatest: Column;
}

/** loadDays gathers the hours of a load into days. Quantiles of hours make no quantile of their day, so there is no band. */
export function loadDays(c: LoadColumns, zone: string): LoadDays {
  const days = byDay(c.x, zone);
  return {
    x: days.x, actual: days.mean(c.actual), p50: days.mean(c.p50), planned: days.mean(c.planned),
    least: days.least(c.actual), greatest: days.greatest(c.actual),
  };
}

import type { Schemas } from '../api/client';
import type { AccuracyBy } from '../api/questions';
import { percent } from '../format/energy';

type Line = Schemas['AccuracyLine'];

/** comparison puts an error relative to that of the week before into words. */
export function comparison(relMae: number | null): string {
  if (relMae === null) return 'nothing to compare with';
  const less = 1 - relMae;
  if (Math.abs(less) < 0.005) return 'as much as repeating the week before';
  return less > 0 ? `${percent(less)} less than repeating the week before` : `${percent(-less)} more than repeating the week before`;
}

/** worst are the lines with the greatest relative errors, worst first. */
export function worst(lines: Line[], most: number): Line[] {
  return lines
    .filter((l) => l.relMae !== null)
    .sort((a, b) => (b.relMae as number) - (a.relMae as number))
    .slice(0, most);
}

const weekdays = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];

/** keyName is the key of a line as people read it. */
export function keyName(by: AccuracyBy, key: string): string {
  const n = Number(key);
  switch (by) {
    case 'lead':
      return `${n}–${n + 1} hours ahead`;
    case 'hour':
      return `${key.padStart(2, '0')}:00–${String((n + 1) % 24).padStart(2, '0')}:00`;
    case 'weekday':
      return weekdays[n - 1] ?? key;
    case 'month':
      return monthName(key);
    default:
      return key;
  }
}

/** Quantile is how often the load was at or below a quantile of the forecasts, and how often it should be. */
export interface Quantile {
  name: string;
  promised: number;
  observed: number;
}

/** reliability are the quantiles of a line; none where nothing was compared. */
export function reliability(line: Pick<Line, 'belowP10' | 'belowP50' | 'belowP90'>): Quantile[] {
  return [
    { name: 'p10', promised: 0.1, observed: line.belowP10 },
    { name: 'p50', promised: 0.5, observed: line.belowP50 },
    { name: 'p90', promised: 0.9, observed: line.belowP90 },
  ].filter((q): q is Quantile => q.observed !== null);
}

/** monthName is a month such as 2026-01 as people read it. */
export const monthName = (key: string): string =>
  new Intl.DateTimeFormat('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' }).format(new Date(`${key}-01T00:00:00Z`));

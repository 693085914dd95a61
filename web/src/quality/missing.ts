import type { Schemas } from '../api/client';
import { percent } from '../format/energy';
import { day } from '../format/time';

/** Column is a day, or some days, of the map. */
export interface Column {
  /** The first day, and the one after the last, by their place in the answer. */
  from: number;
  to: number;
  title: string;
  /** The month that begins here; "" for none. */
  month: string;
}

/** Count is how many hours of meters have passed, and are missing. */
export interface Count {
  hours: number;
  missing: number;
}

const noon = (date: string): string => `${date}T12:00:00Z`;
const monthName = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', month: 'short' });

/** columnsOf are the columns for days, of `length` days each; the last one ends with the days. */
export function columnsOf(days: { date: string }[], length: number): Column[] {
  const columns: Column[] = [];
  const first = days.length % length; // the columns before the last are whole, but for the first one
  for (let to = first || length; to <= days.length; to += length) {
    const from = Math.max(0, to - length);
    const of = days.slice(from, to);
    const [start, end] = [of[0], of.at(-1)];
    if (!start || !end) break;
    const begins = of.find((d) => d.date.endsWith('-01'));
    columns.push({
      from,
      to,
      title: of.length === 1 ? day(noon(start.date), 'UTC') : `${day(noon(start.date), 'UTC')} to ${day(noon(end.date), 'UTC')}`,
      month: begins ? monthName.format(new Date(noon(begins.date))) : '',
    });
  }
  return columns;
}

/** countOf adds the days of a column. */
export function countOf(hours: number[], missing: number[], { from, to }: Column): Count {
  const sum = (of: number[]): number => of.slice(from, to).reduce((a, b) => a + b, 0);
  return { hours: sum(hours), missing: sum(missing) };
}

/** steps are the shares of missing hours up to which a level reaches, from level 1 on. */
export const steps = [0.01, 0.05, 0.25] as const;

/** levelOf is how much is missing: 0 for nothing, 4 for most, null where no hour has passed. */
export function levelOf({ hours, missing }: Count): number | null {
  if (hours === 0) return null;
  if (missing === 0) return 0;
  const step = steps.findIndex((s) => missing <= hours * s);
  return step < 0 ? steps.length + 1 : step + 1;
}

const number = new Intl.NumberFormat('en-GB');

/** words is a count in words. */
export function words({ hours, missing }: Count): string {
  if (hours === 0) return 'no meter yet';
  if (missing === 0) return hours === 1 ? 'the only hour' : `all ${number.format(hours)} hours`;
  return `${number.format(missing)} of ${number.format(hours)} ${hours === 1 ? 'hour' : 'hours'} missing (${percent(missing / hours)})`;
}

/** nameOf is what the map calls a group. */
export const nameOf = (group: Schemas['MissingGroup']): string => group.id ?? 'Without a group';

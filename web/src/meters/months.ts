import type { Schemas } from '../api/client';
import { dateOf } from '../format/zone';
import { seconds } from '../chart/columns';

/** Month is a month of days. */
export interface Month {
  name: string; // "2019-06"
  label: string;
  /** By the day of the month, from 1; undefined for a day that the answer does not have. */
  days: (Day | undefined)[];
  kwh: number | null;
}

export interface Day {
  date: string;
  kwh: number | null;
  partial: boolean;
  /** 0 to 1: how much it is beside the greatest day; 0 of a day without a value, or of export. */
  share: number;
}

const monthName = new Intl.DateTimeFormat('en-GB', { month: 'short', year: 'numeric', timeZone: 'UTC' });

/** monthsOf gathers days into the months of a zone, the newest first. */
export function monthsOf(points: Schemas['Point'][], zone: string): Month[] {
  const most = Math.max(0, ...points.map((p) => p.kwh ?? 0));
  const months = new Map<string, Month>();
  for (const p of points) {
    const date = dateOf(seconds(p.at), zone);
    const name = date.slice(0, 7);
    const month = months.get(name) ?? { name, label: monthName.format(Date.parse(`${name}-01`)), days: [], kwh: null };
    months.set(name, month);
    month.days[Number(date.slice(8))] = { date, kwh: p.kwh, partial: p.partial ?? false, share: p.kwh === null || most === 0 ? 0 : Math.max(0, p.kwh / most) };
    if (p.kwh !== null) month.kwh = (month.kwh ?? 0) + p.kwh;
  }
  return [...months.values()].sort((a, b) => b.name.localeCompare(a.name));
}

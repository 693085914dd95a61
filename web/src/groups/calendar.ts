import { dayNumber } from '../format/time';

/** Day is the peak of a day of the calendar. */
export interface Day {
  at: string;
  kw: number;
}

/** Week is a column of the calendar, from Monday to Sunday. */
export interface Week {
  monday: number;
  days: (Day | undefined)[];
  /** The month that begins in this week; "" for none. */
  month: string;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** calendarOf puts days into weeks, of which none is left out between the first and the last. */
export function calendarOf(points: { at: string; kwh: number | null }[], zone: string): Week[] {
  const byDay = new Map<number, Day>();
  for (const p of points) if (p.kwh !== null) byDay.set(dayNumber(p.at, zone), { at: p.at, kw: p.kwh });
  if (byDay.size === 0) return [];
  const numbers = [...byDay.keys()];
  const weeks: Week[] = [];
  for (let monday = mondayOf(Math.min(...numbers)); monday <= Math.max(...numbers); monday += 7) {
    const dates = Array.from({ length: 7 }, (_, i) => new Date((monday + i) * 86_400_000));
    const first = dates.find((d) => d.getUTCDate() === 1);
    weeks.push({ monday, days: dates.map((_, i) => byDay.get(monday + i)), month: first ? (months[first.getUTCMonth()] ?? '') : '' });
  }
  return weeks;
}

/** mondayOf is the Monday of the week of a day; day 0 is a Thursday. */
const mondayOf = (day: number): number => day - ((((day + 3) % 7) + 7) % 7);

/** levelOf is how deep a day's colour is, from 0 to 4; 5 is above the limit. */
export function levelOf(kw: number, limit: number | null, greatest: number): number {
  if (limit !== null && kw > limit) return 5;
  const share = kw / Math.max(1e-9, limit ?? greatest);
  return Math.max(0, Math.min(4, Math.floor(share * 5)));
}

import { daysOf, fromWall, wall } from '../format/zone';

/** Shade is a stretch of time that is drawn a little darker, in seconds since 1970. */
export interface Shade {
  from: number;
  to: number;
  kind: 'night' | 'weekend';
}

const hour = 3_600;
const day = 24 * hour;

// Nights of a longer range are a pattern of lines, and so are weekends of a much longer one.
const mostNights = 15 * day;
const mostWeekends = 130 * day;

const nightFrom = 22;
const nightTo = 6;

/** shades are the nights, 22:00 to 06:00, and the weekends of a range, by the calendar of a zone. */
export function shades(from: number, to: number, zone: string): Shade[] {
  if (to - from > mostWeekends) return [];
  const out: Shade[] = [];
  for (const start of daysOf(from, to, zone)) {
    const shown = wall(start, zone);
    const weekday = new Date(shown * 1000).getUTCDay();
    const end = fromWall(shown + day, zone);
    if (weekday === 0 || weekday === 6) out.push({ from: start, to: end, kind: 'weekend' });
    if (to - from <= mostNights) {
      out.push({ from: start, to: fromWall(shown + nightTo * hour, zone), kind: 'night' });
      out.push({ from: fromWall(shown + nightFrom * hour, zone), to: end, kind: 'night' });
    }
  }
  return out;
}

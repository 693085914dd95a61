import type { Schemas } from '../api/client';
import { counted } from '../format/energy';

type Day = Schemas['QualityDay'];

/** Week is the days of a calendar week; null where a day lies outside of what is shown. */
export interface Week {
  monday: string;
  label: string;
  days: (Day | null)[];
}

const dayLength = 86_400_000;
const daysOfWeek = 7;

/** weeks lays days, in order of time, out in weeks from Monday, the newest week first. */
export function weeks(days: Day[]): Week[] {
  const out: Week[] = [];
  for (const day of days) {
    const at = Date.parse(day.date); // a date is midnight in UTC
    const weekday = (new Date(at).getUTCDay() + 6) % daysOfWeek;
    const monday = new Date(at - weekday * dayLength).toISOString().slice(0, 10);
    let week = out.at(-1);
    if (week?.monday !== monday) {
      week = { monday, label: label(monday), days: Array<Day | null>(daysOfWeek).fill(null) };
      out.push(week);
    }
    week.days[weekday] = day;
  }
  return out.reverse();
}

const dates = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', day: 'numeric', month: 'short' });

function label(date: string): string {
  return dates.format(new Date(date));
}

/** lack is how much of a day cannot be used: much is more than a quarter of its hours. */
export function lack(day: Day): 'none' | 'some' | 'much' {
  const hours = day.missing + day.suspect;
  if (hours === 0) return 'none';
  return hours * 4 > day.hours ? 'much' : 'some';
}

/** summary is a day in words. */
export function summary(day: Day): string {
  const parts = (
    [
      [day.missing, 'missing'],
      [day.suspect, 'suspect'],
      [day.late, 'late'],
      [day.corrected, 'corrected'],
    ] as const
  ).flatMap(([n, what]) => (n > 0 ? [`${n} ${what}`] : []));
  return parts.length > 0 ? `${parts.join(', ')} of ${counted(day.hours, 'hour')}` : day.hours === 1 ? 'the only hour' : `all ${day.hours} hours`;
}

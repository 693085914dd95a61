// Times are shown in the twin's own zone: a feeder in London peaks at a London
// hour, wherever the reader sits.

import { unknown } from './energy';

const formats = new Map<string, Intl.DateTimeFormat>();

function format(zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = zone + JSON.stringify(options);
  let f = formats.get(key);
  if (!f) {
    f = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hourCycle: 'h23', ...options });
    formats.set(key, f);
  }
  return f;
}

type Maybe = string | null | undefined;

/** dateTime is "Sat 9 Mar 2019, 14:00". */
export function dateTime(at: Maybe, zone: string): string {
  if (!at) return unknown;
  const t = new Date(at);
  const day = format(zone, { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' }).format(t).replace(',', '');
  return `${day}, ${clock(at, zone)}`;
}

/** day is "Sat 9 Mar". */
export function day(at: Maybe, zone: string): string {
  if (!at) return unknown;
  return format(zone, { weekday: 'short', day: 'numeric', month: 'short' }).format(new Date(at)).replace(',', '');
}

/** clock is "14:00". */
export function clock(at: Maybe, zone: string): string {
  return at ? format(zone, { hour: '2-digit', minute: '2-digit' }).format(new Date(at)) : unknown;
}

const hour = 3_600_000;

/** hourOf is the hour that begins at a time: "17:00–18:00". */
export function hourOf(at: Maybe, zone: string): string {
  return at ? hours(at, new Date(Date.parse(at) + hour).toISOString(), zone) : unknown;
}

/** dayHour is the hour that begins at a time, with its day: "Sat 9 Mar 2019, 14:00–15:00". */
export function dayHour(at: Maybe, zone: string): string {
  return at ? `${dateTime(at, zone)}–${clock(new Date(Date.parse(at) + hour).toISOString(), zone)}` : unknown;
}

/** hours is "17:00–20:00", with the end exclusive. */
export function hours(from: string, to: string, zone: string): string {
  return `${clock(from, zone)}–${clock(to, zone)}`;
}

/** relativeDay names the day of `at` as seen from `now`. */
export function relativeDay(at: string, now: Maybe, zone: string): string {
  if (!now) return day(at, zone);
  const distance = dayNumber(at, zone) - dayNumber(now, zone);
  if (distance === 0) return 'today';
  if (distance === 1) return 'tomorrow';
  if (distance === -1) return 'yesterday';
  return day(at, zone);
}

/** dayNumber numbers the days of a zone's calendar: 1 January 1970 is 0. */
export function dayNumber(at: string, zone: string): number {
  const parts = format(zone, { year: 'numeric', month: '2-digit', day: '2-digit' }).formatToParts(new Date(at));
  const part = (type: string) => Number(parts.find((p) => p.type === type)?.value);
  return Date.UTC(part('year'), part('month') - 1, part('day')) / 86_400_000;
}

/** readable is a text with its instants, as 2026-01-31T00:00:00Z, in the zone. */
export const readable = (text: string, zone: string): string => text.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z/g, (at) => dateTime(at, zone));

/** age is "12 s ago", "3 min ago", "2 h ago" or "5 days ago". */
export function age(at: Maybe, now: number): string {
  if (!at) return 'never';
  const s = Math.max(0, Math.round((now - Date.parse(at)) / 1000));
  if (s < 90) return `${s} s ago`;
  if (s < 90 * 60) return `${Math.round(s / 60)} min ago`;
  if (s < 36 * 3600) return `${Math.round(s / 3600)} h ago`;
  return `${Math.round(s / 86400)} days ago`;
}

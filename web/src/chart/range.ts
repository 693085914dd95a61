import { dateLater, dateOf, startOf } from '../format/zone';

// The range of time that the charts of a page show together.

/** Asked is a range as it is asked for: a time, a date of the twin's calendar, or one relative to its now. Without an end it reaches as far as forecasts do. */
export interface Asked {
  from: string;
  to?: string | undefined;
}

/** Span is a range in seconds since 1970; its end is exclusive. */
export type Span = [from: number, to: number];

const hour = 3_600;
const day = 24 * hour;

export const shortest = 3 * hour;
export const longest = 366 * day;
/** ahead is how far forecasts reach. */
export const ahead = 25 * hour;

const isTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/;

/** at is the time of one end of a range; NaN if it is none. */
function at(text: string, zone: string): number {
  return isTime.test(text) ? Date.parse(text) / 1000 : startOf(text, zone);
}

/** spanOf is a range of dates or times in seconds; undefined of one that is relative or makes no sense. */
export function spanOf(asked: Asked, zone: string): Span | undefined {
  const from = at(asked.from, zone);
  const to = at(asked.to ?? '', zone);
  return to > from && to - from <= longest + hour ? [from, to] : undefined;
}

/** askedOf is a span as it is asked for: by dates where it begins and ends with days, else by whole hours. */
export function askedOf([from, to]: Span, zone: string): Asked {
  const [f, t] = [hours(Math.floor, from), hours(Math.ceil, to)];
  const [fromDate, toDate] = [dateOf(f, zone), dateOf(t, zone)];
  if (startOf(fromDate, zone) === f && startOf(toDate, zone) === t) return { from: fromDate, to: toDate };
  return { from: text(f), to: text(t) };
}

const hours = (round: (v: number) => number, at: number) => round(at / hour) * hour;
const text = (at: number) => new Date(at * 1000).toISOString().replace('.000Z', 'Z');

/** within moves and shortens a span so that it can be asked for: not longer than a year, and not beyond the forecasts. */
export function within([from, to]: Span, now: number | undefined): Span {
  const length = Math.min(Math.max(to - from, shortest), longest);
  let start = from + (to - from - length) / 2;
  const end = now === undefined ? Number.POSITIVE_INFINITY : now + ahead;
  if (start + length > end) start = end - length;
  return [start, start + length];
}

/** zoomed makes a span shorter or longer about a time that stays where it is. */
export function zoomed([from, to]: Span, about: number, factor: number): Span {
  return [about - (about - from) * factor, about + (to - about) * factor];
}

/** beside is the span of the same length before (-1) or after (1) another. Whole days stay whole days. */
export function beside([from, to]: Span, way: 1 | -1, zone: string): Span {
  const [fromDate, toDate] = [dateOf(from, zone), dateOf(to, zone)];
  if (startOf(fromDate, zone) === from && startOf(toDate, zone) === to) {
    const days = Math.round((Date.parse(toDate) - Date.parse(fromDate)) / 1000 / day) * way;
    return [startOf(dateLater(fromDate, days), zone), startOf(dateLater(toDate, days), zone)];
  }
  return [from + way * (to - from), to + way * (to - from)];
}

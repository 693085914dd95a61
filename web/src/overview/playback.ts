import type { Span } from '../chart/range';
import { dateLater, dateOf, startOf } from '../format/zone';

/** lastDay is the place of now: four weeks of days lie before it. */
export const lastDay = 28;

const daysShown = 3;

/** moment is what is shown at a place: its day, and those before it. */
export function moment(place: number, now: number, zone: string): Span {
  const date = dateLater(dateOf(now, zone), place - lastDay);
  return [startOf(dateLater(date, 1 - daysShown), zone), startOf(dateLater(date, 1), zone)];
}

/** placeOf is the place of the last day that is shown; that of now where no time was chosen. */
export function placeOf(span: Span | undefined, now: number, zone: string): number {
  if (!span) return lastDay;
  const days = Math.round((Date.parse(dateOf(now, zone)) - Date.parse(dateOf(span[1] - 1, zone))) / 86_400_000);
  return Math.min(Math.max(lastDay - days, 0), lastDay);
}

import type { Schemas } from '../api/client';
import { type Column, seconds } from '../chart/columns';

type Point = Schemas['GroupForecastPoint'];

/** coming are the hours that are not over. */
const coming = (points: Point[], now: string | null): Point[] => points.filter((p) => now === null || seconds(p.at) >= seconds(now));

/** riskColumns are the probabilities of the coming hours, over time in seconds since 1970. */
export function riskColumns(points: Point[], now: string | null): { x: number[]; before: Column; after: Column } {
  const hours = coming(points, now).filter((p) => p.exceedanceBefore !== null);
  return { x: hours.map((p) => seconds(p.at)), before: hours.map((p) => p.exceedanceBefore), after: hours.map((p) => p.exceedanceAfter) };
}

/** leastNamed is the least probability that is worth a sentence. */
const leastNamed = 0.01;

/** worstHour is the coming hour that is most likely above the limit; undefined if none is likely enough to name. */
export function worstHour(points: Point[], now: string | null): Point | undefined {
  let worst: Point | undefined;
  for (const p of coming(points, now)) if ((p.exceedanceBefore ?? 0) > Math.max(worst?.exceedanceBefore ?? 0, leastNamed)) worst = p;
  return worst;
}

import type { Schemas } from '../api/client';
import { dayNumber } from '../format/time';

type Point = Pick<Schemas['LoadPoint'], 'at' | 'actualKwh' | 'p10Kwh' | 'p50Kwh' | 'p90Kwh'>;

/** leastHours of today have to be measured before it can be judged. */
const leastHours = 6;
/** mostOff is how far the day's energy may be from the forecast, as a share. */
const mostOff = 0.05;
/** mostOutside is the share of hours that the band leaves out by its own promise. */
const mostOutside = 0.2;

/** Today is a day that goes as forecast. */
export interface Today {
  hours: number;
  inside: number;
  /** Of the energy of the day against its median forecast, as a share. */
  off: number;
}

/** asForecast judges the measured hours of the day of now; undefined unless they went as forecast. */
export function asForecast(points: Point[], now: string, zone: string): Today | undefined {
  const today = dayNumber(now, zone);
  let hours = 0;
  let inside = 0;
  let actual = 0;
  let expected = 0;
  for (const p of points) {
    if (p.actualKwh === null || p.p10Kwh === null || p.p50Kwh === null || p.p90Kwh === null || dayNumber(p.at, zone) !== today) continue;
    hours++;
    if (p.actualKwh >= p.p10Kwh && p.actualKwh <= p.p90Kwh) inside++;
    actual += p.actualKwh;
    expected += p.p50Kwh;
  }
  if (hours < leastHours || expected <= 0) return undefined;
  const off = Math.abs(actual - expected) / expected;
  return off <= mostOff && hours - inside <= mostOutside * hours ? { hours, inside, off } : undefined;
}

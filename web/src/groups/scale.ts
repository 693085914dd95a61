import type { Schemas } from '../api/client';

/** Scale lays loads out from left to right, with zero where it belongs: left of it is export. */
export interface Scale {
  low: number;
  high: number;
  /** Place of a load, in percent of the width. */
  at: (kw: number) => number;
  /** Bar from zero to a load, in percent of the width. */
  bar: (kw: number) => { from: number; width: number };
}

/** scaleOf holds all loads given, and zero. */
export function scaleOf(loads: (number | null)[]): Scale {
  const known = loads.filter((v) => v !== null);
  const low = Math.min(0, ...known);
  const high = Math.max(low + 1e-9, 0, ...known);
  const at = (kw: number) => ((kw - low) / (high - low)) * 100;
  return { low, high, at, bar: (kw) => ({ from: at(Math.min(0, kw)), width: at(Math.max(0, kw)) - at(Math.min(0, kw)) }) };
}

/** greatestOf is the greatest load of all groups, measured or expected. */
export const greatestOf = (groups: Schemas['Group'][]): number => Math.max(0, ...groups.map((g) => Math.max(g.lastKwh ?? 0, g.forecastPeakKw ?? 0)));

/** tightness orders groups: those with a limit by how close they come to it. */
export function tightness(g: Schemas['Group']): number {
  if (!g.capacityKw) return -1;
  return Math.max(g.lastKwh ?? 0, g.forecastPeakKw ?? 0) / g.capacityKw;
}

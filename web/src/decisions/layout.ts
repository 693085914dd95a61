import type { Schemas } from '../api/client';

/** axisHeight is what the hours below the bars take. */
export const axisHeight = 28;

const edge = 3; // above the highest bar
const least = 1.5; // a change is never invisible

export interface Bar {
  y: number; // of its upper edge
  size: number;
  more: boolean; // load is added
}

/** layout places the bars of a plan; scale is the height of a kWh. */
export function layout(plan: Schemas['PlanPoint'][], scale: number): { zero: number; bars: Bar[] } {
  const zero = edge + Math.max(0, ...plan.map((p) => p.kwh ?? 0)) * scale;
  const bars = plan.map((p) => {
    const size = p.kwh ? Math.max(least, Math.abs(p.kwh) * scale) : 0;
    const more = (p.kwh ?? 0) > 0;
    return { y: more ? zero - size : zero, size, more };
  });
  return { zero, bars };
}

/** span is from the most that a plan takes away in an hour to the most that it adds, in kWh. */
export function span(plan: Schemas['PlanPoint'][]): number {
  return Math.max(0, ...plan.map((p) => p.kwh ?? 0)) + Math.max(0, ...plan.map((p) => -(p.kwh ?? 0)));
}

/** largest is the greatest change of an hour, in kWh. */
export const largest = (plan: Schemas['PlanPoint'][]): number => Math.max(0, ...plan.map((p) => Math.abs(p.kwh ?? 0)));

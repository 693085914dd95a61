/** Duration is how long a load is at least as great as something. */
export interface Duration {
  /** Loads, the greatest first. */
  loads: number[];
  least: number;
  most: number;
  /** Hours above the limit; null without one. */
  above: number | null;
}

/** durationOf sorts the hours of a load; undefined if none is known. */
export function durationOf(kwh: (number | null)[], limit: number | null): Duration | undefined {
  const loads = kwh.filter((v) => v !== null).sort((a, b) => b - a);
  const most = loads[0];
  const least = loads.at(-1);
  if (most === undefined || least === undefined) return undefined;
  return { loads, least, most, above: limit === null ? null : loads.filter((v) => v > limit).length };
}

/** loadAt is the load that a share of the hours is at least as great as. */
export function loadAt({ loads }: Duration, share: number): number {
  return loads[Math.min(loads.length - 1, Math.floor(share * loads.length))] ?? Number.NaN;
}

/** mostCorners bounds the line: what lies between cannot be seen. */
const mostCorners = 480;

/** curve is an SVG path through a box of 1000 × 1000, high loads at the top. */
export function curve({ loads }: Duration, low: number, high: number): string {
  const n = loads.length;
  const corners = Math.min(n, mostCorners);
  const points: string[] = [];
  for (let i = 0; i < corners; i++) {
    const at = corners === 1 ? 0 : Math.round((i / (corners - 1)) * (n - 1));
    points.push(`${Math.round((n === 1 ? 0 : at / (n - 1)) * 1000)} ${heightOf(loads[at] ?? low, low, high)}`);
  }
  if (n === 1) points.push(`1000 ${heightOf(loads[0] ?? low, low, high)}`);
  return `M${points.join('L')}`;
}

/** heightOf is how far below the top of the box a load is. */
export const heightOf = (kw: number, low: number, high: number): number => Math.round(1000 * (1 - (kw - low) / (high - low)));

/** Spark is the line of a sparkline. */
export interface Spark {
  /** Of an SVG path: hours that are missing interrupt it. */
  path: string;
  least: number;
  most: number;
  /** Height of zero, from the top. */
  zero: number;
}

/** sparkOf lays hours out from left to right, zero included; undefined if none is known. */
export function sparkOf(kwh: (number | null)[], width: number, height: number): Spark | undefined {
  const known = kwh.filter((v) => v !== null);
  if (known.length === 0) return undefined;
  const least = Math.min(...known);
  const most = Math.max(...known);
  const low = Math.min(0, least);
  const high = Math.max(low + 1e-9, most);
  const y = (v: number) => round(height - 1 - ((v - low) / (high - low)) * (height - 2));
  const step = (width - 2) / Math.max(1, kwh.length - 1);
  let path = '';
  let after: number | null = null;
  kwh.forEach((v, i) => {
    if (v !== null) path += after === null ? `M${round(1 + i * step)} ${y(v)}h.01` : `L${round(1 + i * step)} ${y(v)}`;
    after = v;
  });
  return { path, least, most, zero: y(0) };
}

const round = (v: number): number => Math.round(v * 10) / 10;

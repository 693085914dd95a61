import type { Schemas } from '../api/client';

type Period = Schemas['KPIPeriod'];

export interface Savings {
  promised: number;
  realised: number;
  /** Lengths of the two bars, of 100; 0 for what was lost. */
  bars: { promised: number; realised: number };
  /** What was kept of the promise; null where nothing was promised. */
  kept: number | null;
}

/** savings compares promised with realised savings; null where no plan is over yet. */
export function savings(p: Period): Savings | null {
  if (p.promised === null || p.realised === null) return null;
  const most = Math.max(p.promised, p.realised, 1e-9);
  const bar = (v: number) => Math.max(0, (v / most) * 100);
  return {
    promised: p.promised,
    realised: p.realised,
    bars: { promised: bar(p.promised), realised: bar(p.realised) },
    kept: p.promised > 0 ? p.realised / p.promised : null,
  };
}

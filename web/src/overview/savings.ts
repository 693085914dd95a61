import type { Schemas } from '../api/client';

type Period = Schemas['KPIPeriod'];

/** Part is what plans save on energy, or on demand charges. */
export interface Part {
  promised: number;
  realised: number;
  /** Lengths of the two bars, of 100; 0 for what was lost. */
  bars: { promised: number; realised: number };
  /** What was kept of the promise; null where nothing was promised. */
  kept: number | null;
}

export interface Savings {
  energy: Part;
  /** null without a demand charge, and where what it saves is not known. */
  demand: Part | null;
}

/** savings compares promised with realised savings; null where no plan is settled yet. */
export function savings(p: Period): Savings | null {
  if (!p.promised || !p.realised) return null;
  const energy = part(p.promised.energy, p.realised.energy);
  const demand = part(p.promised.demand, p.realised.demand);
  return energy && { energy, demand: demand && (demand.promised !== 0 || demand.realised !== 0) ? demand : null };
}

function part(promised: number | null, realised: number | null): Part | null {
  if (promised === null || realised === null) return null;
  const most = Math.max(promised, realised, 1e-9);
  const bar = (v: number) => Math.max(0, (v / most) * 100);
  return { promised, realised, bars: { promised: bar(promised), realised: bar(realised) }, kept: promised > 0 ? realised / promised : null };
}

/** verbs name what realised is, by how it was computed. */
const verbs: Record<NonNullable<Period['realisedMethod']>, string> = {
  simulated: 'Would have saved',
  estimated: 'Estimated saving',
  mixed: 'Partly estimated',
};

export const realisedLabel = (p: Period) => (p.realisedMethod ? verbs[p.realisedMethod] : 'Realised');

/** settledDays is of how many days the sums are, "6 of 7 days settled". */
export const settledDays = (p: Period) => `${p.settledDays} of ${p.days} ${p.days === 1 ? 'day' : 'days'} settled`;

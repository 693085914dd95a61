import type { Schemas } from '../api/client';

/** LimitAtRisk is a group whose limit is at risk. */
export interface LimitAtRisk {
  group: string;
  capacityKw: number | null;
  risk: Schemas['LimitRisk'];
}

/** limitsAtRisk are the groups whose limit is at risk, the likeliest first, of equal ones the one with the greatest excess. */
export function limitsAtRisk(groups: Schemas['Group'][]): LimitAtRisk[] {
  return groups
    .flatMap(({ id, capacityKw, limitRisk }) => (limitRisk?.atRisk ? [{ group: id, capacityKw, risk: limitRisk }] : []))
    .sort((a, b) => b.risk.exceedanceAfter - a.risk.exceedanceAfter || b.risk.excessAfterKwh - a.risk.excessAfterKwh);
}

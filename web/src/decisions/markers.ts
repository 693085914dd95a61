import type { Schemas } from '../api/client';
import { seconds } from '../chart/columns';
import type { Marker } from '../chart/markers';
import { day } from '../format/time';

/** markersOf are decisions along a chart, each where it begins to hold. */
export function markersOf(decisions: Schemas['DecisionHeader'][], zone: string): Marker[] {
  return decisions.map((d) => ({ id: d.id, at: seconds(d.validFrom), label: `${day(d.validFrom, zone)}: ${d.title}` }));
}

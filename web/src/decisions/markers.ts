import type { Schemas } from '../api/client';
import { seconds } from '../chart/columns';
import type { Marker } from '../chart/markers';
import { day } from '../format/time';

/** DecisionMarker is a decision along a chart; it was known from when it was issued, in seconds since 1970. */
export interface DecisionMarker extends Marker {
  issued: number;
}

/** markersOf are decisions along a chart, each where it begins to hold. */
export function markersOf(decisions: Schemas['DecisionHeader'][], zone: string): DecisionMarker[] {
  return decisions.map((d) => ({ id: d.id, at: seconds(d.validFrom), issued: seconds(d.issuedAt), label: `${day(d.validFrom, zone)}: ${d.title}` }));
}

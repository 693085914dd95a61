import type { Schemas } from '../api/client';
import { type LoadColumns, seconds } from '../chart/columns';

/**
 * columnsKnown are the hours of a load as the twin knew them at a time: the readings that it had
 * then, the forecasts that had been in force until then, and for later hours the newest forecast
 * that it had. Plans are left out: the one of that day may have been replaced since.
 */
export function columnsKnown(load: LoadColumns, readings: Schemas['Point'][], forecast: Schemas['Forecast'] | undefined, at: number): LoadColumns {
  const measured = new Map(readings.map((p) => [seconds(p.at), p.kwh]));
  const issued = forecast ? seconds(forecast.issuedAt) : Number.POSITIVE_INFINITY;
  const expected = new Map((forecast?.points ?? []).map((p) => [seconds(p.at), p]));
  const quantile = (name: 'p10Kwh' | 'p50Kwh' | 'p90Kwh', inForce: LoadColumns['p10']) =>
    load.x.map((x, i) => (x >= Math.min(issued, at) ? (expected.get(x)?.[name] ?? null) : (inForce[i] ?? null)));
  return {
    x: load.x,
    actual: load.x.map((x) => (x < at ? (measured.get(x) ?? null) : null)),
    p10: quantile('p10Kwh', load.p10),
    p50: quantile('p50Kwh', load.p50),
    p90: quantile('p90Kwh', load.p90),
    planned: load.x.map(() => null),
  };
}

import { useMemo } from 'react';
import { power } from '../format/energy';
import { day, hourOf } from '../format/time';
import { greatest, hasPlan, iso, type LoadColumns, newest } from './columns';
import { LoadTable } from './LoadTable';
import { type Line, TimeChart } from './TimeChart';

interface Props {
  columns: LoadColumns;
  now: number | undefined;
  zone: string;
  capacity?: number | null | undefined;
  what: string;
  height?: number | undefined;
  /** The charts of a page that share it show one hour together. */
  cursor?: string | undefined;
}

/**
 * LoadChart shows measured load against its forecast. The energy of an hour in
 * kWh is its mean power in kW.
 */
export function LoadChart({ columns, now, zone, capacity, what, height, cursor }: Props) {
  const lines = useMemo(() => {
    const out: Line[] = [{ label: 'Forecast', values: columns.p50, color: '--forecast', width: 1.75, dash: [5, 4] }];
    if (hasPlan(columns)) out.push({ label: 'With the plans', values: columns.planned, color: '--plan', width: 1.75 });
    out.push({ label: 'Measured', values: columns.actual, color: '--actual', width: 2.25 });
    return out;
  }, [columns]);
  const band = useMemo(
    () => ({ label: '80 % band', low: columns.p10, high: columns.p90, color: '--forecast-band' }),
    [columns],
  );
  return (
    <>
      <TimeChart
        x={columns.x}
        lines={lines}
        band={band}
        limit={capacity ? { label: 'Capacity', value: capacity, color: '--limit' } : undefined}
        now={now}
        zone={zone}
        {...(height && { height })}
        axis="Mean power of the hour, kW"
        format={power}
        cursor={cursor}
        summary={summary(what, columns, now, zone)}
      />
      <LoadTable columns={columns} zone={zone} what={what} />
    </>
  );
}

/** summary describes in a sentence what the chart shows. */
function summary(what: string, c: LoadColumns, now: number | undefined, zone: string): string {
  const when = (x: number) => `${day(iso(x), zone)}, ${hourOf(iso(x), zone)}`;
  const last = newest(c.x, c.actual);
  const peak = now === undefined ? undefined : greatest(c.x, c.p50, now);
  const sentences = [`Load and forecast of ${what.toLowerCase()} over time.`];
  if (last) sentences.push(`Newest measured hour: ${power(last.value)} on ${when(last.x)}.`);
  if (peak) sentences.push(`Highest forecast hour: ${power(peak.value)} on ${when(peak.x)}.`);
  return sentences.join(' ');
}

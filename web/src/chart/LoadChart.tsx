import { type ReactNode, useMemo } from 'react';
import { power } from '../format/energy';
import { day, hourOf } from '../format/time';
import { type Bucket, loadDays } from './buckets';
import { dayBefore, greatest, hasPlan, iso, type LoadColumns, newest } from './columns';
import { LoadTable } from './LoadTable';
import type { Marker } from './markers';
import type { Band, Line } from './plot';
import type { Span } from './range';
import { TimeChart } from './TimeChart';
import type { RangeControl } from './useRange';

interface Props {
  columns: LoadColumns;
  now: number | undefined;
  zone: string;
  capacity?: number | null | undefined;
  what: string;
  height?: number | undefined;
  range: RangeControl;
  span: Span | undefined;
  bucket?: Bucket | undefined;
  /** Shows the load of the day before beside each hour. */
  ghost?: boolean | undefined;
  markers?: Marker[] | undefined;
  openMarker?: ((id: string) => void) | undefined;
  /** What is drawn below it over the same time. */
  children?: ReactNode;
}

/**
 * LoadChart shows measured load against its forecast. The energy of an hour in
 * kWh is its mean power in kW.
 */
export function LoadChart({ columns, now, zone, capacity, what, height, range, span, bucket = 'hour', ghost = false, markers, openMarker, children }: Props) {
  const drawn = useMemo(() => (bucket === 'day' ? dayLines(columns, zone) : hourLines(columns, ghost)), [columns, zone, bucket, ghost]);
  return (
    <>
      <TimeChart
        {...drawn}
        limit={capacity ? { label: 'Limit', value: capacity, color: '--limit' } : undefined}
        now={now}
        span={span}
        zone={zone}
        height={height}
        axis={height !== undefined && height < roomForWords ? 'kW' : bucket === 'day' ? 'Mean power of the day, kW' : 'Mean power of the hour, kW'}
        format={power}
        range={range}
        name={what}
        markers={markers}
        openMarker={openMarker}
        step={bucket === 'day' ? 86_400 : 3_600}
        summary={summary(what, columns, now, zone)}
      />
      {children}
      <LoadTable columns={columns} zone={zone} what={what} />
    </>
  );
}

/** roomForWords is the height from which the axis has room for what it shows, in pixels. */
const roomForWords = 240;

type Drawn = { x: number[]; lines: Line[]; band: Band };

function hourLines(c: LoadColumns, ghost: boolean): Drawn {
  const lines: Line[] = [];
  if (ghost) lines.push({ label: 'The day before', values: dayBefore(c.x, c.actual), color: '--ghost', width: 1.25 });
  lines.push({ label: 'Forecast', values: c.p50, color: '--forecast', width: 1.75, dash: [5, 4] });
  if (hasPlan(c)) lines.push({ label: 'With the plans', values: c.planned, color: '--plan', width: 1.75 });
  lines.push({ label: 'Measured', values: c.actual, color: '--actual', width: 2.25 });
  return { x: c.x, lines, band: { label: '80 % band', low: c.p10, high: c.p90, color: '--forecast-band' } };
}

/** dayLines are the means of days, with the hours that were measured as a band. */
function dayLines(c: LoadColumns, zone: string): Drawn {
  const days = loadDays(c, zone);
  const lines: Line[] = [{ label: 'Forecast', values: days.p50, color: '--forecast', width: 1.75, dash: [5, 4] }];
  if (hasPlan(c)) lines.push({ label: 'With the plans', values: days.planned, color: '--plan', width: 1.75 });
  lines.push({ label: 'Measured', values: days.actual, color: '--actual', width: 2.25 });
  return { x: days.x, lines, band: { label: 'Lowest to highest hour', low: days.least, high: days.greatest, color: '--shade-swatch' } };
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

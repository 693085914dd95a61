import { useMemo } from 'react';
import type { Schemas } from '../api/client';
import { unitPrice } from '../format/energy';
import { seconds } from './columns';
import { type Line, TimeChart } from './TimeChart';

interface Props {
  points: Schemas['MeterLoadPoint'][];
  currency: string;
  now: number | undefined;
  zone: string;
  /** The charts of a page that share it show one hour together. */
  cursor: string;
}

/** PriceStrip shows the price of each hour below a load; nothing where prices are not known. */
export function PriceStrip({ points, currency, now, zone, cursor }: Props) {
  const x = useMemo(() => points.map((p) => seconds(p.at)), [points]);
  const lines = useMemo<Line[]>(
    () => [{ label: 'Price of a kWh', values: points.map((p) => p.price), color: '--text-dim', width: 1.5, stepped: true }],
    [points],
  );
  const prices = points.map((p) => p.price).filter((p) => p !== null);
  if (prices.length === 0) return null;
  const range = `${unitPrice(Math.min(...prices), currency)} to ${unitPrice(Math.max(...prices), currency)}`;
  return (
    <TimeChart
      x={x}
      lines={lines}
      now={now}
      zone={zone}
      height={110}
      axis={currency}
      format={(v) => unitPrice(v, currency)}
      cursor={cursor}
      summary={`Price of a kWh by hour, ${range}.`}
    />
  );
}

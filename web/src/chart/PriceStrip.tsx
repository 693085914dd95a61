import { useMemo } from 'react';
import type { Schemas } from '../api/client';
import { currencySign, unitPrice } from '../format/energy';
import { type Bucket, byDay } from './buckets';
import { seconds } from './columns';
import type { Line } from './plot';
import type { Span } from './range';
import { TimeChart } from './TimeChart';
import type { RangeControl } from './useRange';

interface Props {
  points: Pick<Schemas['PricePoint'], 'at' | 'price'>[];
  currency: string;
  now: number | undefined;
  zone: string;
  what: string;
  range: RangeControl;
  span: Span | undefined;
  bucket?: Bucket | undefined;
}

/** PriceStrip shows the price of each hour below a load; nothing where prices are not known. */
export function PriceStrip({ points, currency, now, zone, what, range, span, bucket = 'hour' }: Props) {
  const { x, lines } = useMemo(() => {
    const hours = points.map((p) => seconds(p.at));
    const prices = points.map((p) => p.price);
    const days = bucket === 'day' ? byDay(hours, zone) : undefined;
    const line: Line = { label: days ? 'Mean price of a kWh' : 'Price of a kWh', values: days ? days.mean(prices) : prices, color: '--text-dim', width: 1.5, stepped: true };
    return { x: days ? days.x : hours, lines: [line] };
  }, [points, bucket, zone]);
  const prices = lines.flatMap((l) => l.values.filter((p) => p !== null));
  if (prices.length === 0) return null;
  const between = `${unitPrice(Math.min(...prices), currency)} to ${unitPrice(Math.max(...prices), currency)}`;
  return (
    <TimeChart
      x={x}
      lines={lines}
      now={now}
      span={span}
      zone={zone}
      height={64}
      compact
      axis={`${currencySign(currency)}/kWh`}
      format={(v) => unitPrice(v, currency)}
      range={range}
      name={`Price, ${what}`}
      step={bucket === 'day' ? 86_400 : 3_600}
      summary={`Price of a kWh by ${bucket}, ${between}.`}
    />
  );
}

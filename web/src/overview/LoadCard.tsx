import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { load, prices } from '../api/questions';
import { Card } from '../app/Card';
import { Empty } from '../app/Empty';
import { Failure } from '../app/Failure';
import page from '../app/Page.module.css';
import { greatest, iso, loadColumns, newest, seconds } from '../chart/columns';
import { bucketOf } from '../chart/buckets';
import { LoadChart } from '../chart/LoadChart';
import { PriceStrip } from '../chart/PriceStrip';
import { RangeBar } from '../chart/RangeBar';
import { ghost, type RangeControl, useSpan } from '../chart/useRange';
import { power } from '../format/energy';
import { hourOf, relativeDay } from '../format/time';
import classes from './LoadCard.module.css';
import { spans } from './spans';

/** LoadCard shows the load of the whole twin beside what was and is expected. */
export function LoadCard({ range, zone = 'UTC' }: { range: RangeControl; zone?: string | undefined }) {
  const { data, error, refetch, isPlaceholderData } = useQuery(load(range.asked));
  const { data: rates } = useQuery(prices(range.asked));
  const asOf = data?.meta.asOf;
  const now = asOf ? seconds(asOf) : undefined;
  const columns = useMemo(() => (data ? loadColumns(data.data.points, now) : undefined), [data, now]);
  const current = columns && newest(columns.x, columns.actual);
  const coming = columns && now !== undefined ? greatest(columns.x, columns.p50, now) : undefined;
  const span = useSpan(range, columns?.x, now);
  const bucket = bucketOf(span ? span[1] - span[0] : 0, range.by);
  const control = <RangeBar range={range} presets={spans} zone={zone} />;
  return (
    <Card from={data} title="Load" note="All meters, and the twin’s own forecast of each hour" action={control}>
      {error && !data && <Failure error={error} retry={refetch} />}
      {!data && !error && <Skeleton height={280} />}
      {data && columns && (current || coming) && (
        <div className={isPlaceholderData || range.pending ? page.old : undefined}>
          <dl className={classes.heads}>
            <div>
              <dt>{current ? `Measured, ${hourOf(iso(current.x), zone)}` : 'Last hour'}</dt>
              <dd>{power(current?.value)}</dd>
            </div>
            {coming && (
              <div>
                <dt>
                  Peak expected {relativeDay(iso(coming.x), asOf, zone)}, {hourOf(iso(coming.x), zone)}
                </dt>
                <dd>{power(coming.value)}</dd>
              </div>
            )}
          </dl>
          <LoadChart columns={columns} now={now} zone={zone} capacity={data.data.capacityKw} what="All meters" height={136} range={range} span={span} bucket={bucket} ghost={ghost(span)}>
            {rates && <PriceStrip points={rates.data.points} currency={rates.data.currency} now={now} zone={zone} what="the tariff" range={range} span={span} bucket={bucket} />}
          </LoadChart>
        </div>
      )}
      {data && !current && !coming && range.span && <Empty title="No readings">There are none in this time.</Empty>}
      {data && !current && !coming && !range.span && (
        <Empty title="No readings yet">The chart begins with the first complete hour. Readings usually arrive within seconds of the start.</Empty>
      )}
    </Card>
  );
}

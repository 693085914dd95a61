import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { groupForecast } from '../api/questions';
import { Card } from '../app/Card';
import { Empty } from '../app/Empty';
import { Failure } from '../app/Failure';
import { type Line, TimeChart } from '../chart/TimeChart';
import { energy, percent } from '../format/energy';
import { hourOf, relativeDay } from '../format/time';
import { riskColumns, worstHour } from './risk';

/** Risk shows for each coming hour how likely the group is to exceed its limit, with the plans and without. */
export function Risk({ id, now, zone }: { id: string; now: string | null; zone: string }) {
  const { data, error, refetch } = useQuery(groupForecast(id));
  const forecast = data?.data[0];
  const columns = useMemo(() => forecast && riskColumns(forecast.points, now), [forecast, now]);
  const lines = useMemo<Line[]>(
    () =>
      columns
        ? [
            { label: 'Without plans', values: columns.before, color: '--limit', width: 2, dash: [5, 4] },
            { label: 'With the plans', values: columns.after, color: '--plan', width: 2.25 },
          ]
        : [],
    [columns],
  );
  if (forecast && forecast.capacityKw === null) return null;
  const worst = forecast && worstHour(forecast.points, now);
  const sentence = worst
    ? `Most likely ${relativeDay(worst.at, now, zone)} ${hourOf(worst.at, zone)}: ${percent(worst.exceedanceBefore)} without plans, ${percent(worst.exceedanceAfter)} with them, ${energy(worst.excessAfterKwh)} above the limit on average.`
    : 'No coming hour is expected above the limit.';
  return (
    <Card from={data} title="Risk of exceeding the limit" note="The probability that an hour is above the limit, by the group’s own forecast">
      {error && !data && <Failure error={error} retry={refetch} />}
      {!data && !error && <Skeleton height={260} />}
      {data && !forecast && <Empty title="No forecast yet">The first one needs some weeks of readings.</Empty>}
      {columns && columns.x.length > 0 && (
        <>
          <p>{sentence}</p>
          <TimeChart x={columns.x} lines={lines} zone={zone} height={220} axis="Probability" format={percent} ticks={percent} summary={`Probability by hour. ${sentence}`} />
        </>
      )}
    </Card>
  );
}

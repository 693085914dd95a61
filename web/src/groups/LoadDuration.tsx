import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { groupYear } from '../api/questions';
import { Card } from '../app/Card';
import { Empty } from '../app/Empty';
import { Failure } from '../app/Failure';
import table from '../app/Table.module.css';
import { count, percent, power } from '../format/energy';
import { curve, type Duration, durationOf, heightOf, loadAt } from './duration';
import classes from './LoadDuration.module.css';

/** LoadDuration shows for how many hours of a year a group's load was how great. */
export function LoadDuration({ id, limit }: { id: string; limit: number | null }) {
  const { data, error, refetch } = useQuery(groupYear(id));
  const hours = useMemo(() => data && durationOf((data.data[0]?.points ?? []).map((p) => p.kwh), limit), [data, limit]);
  return (
    <Card from={data} title="Load duration" note="The hours of the last year, the greatest load first">
      {error && !data && <Failure error={error} retry={refetch} />}
      {!data && !error && <Skeleton height={260} />}
      {data && !hours && <Empty title="No readings">There are none of the last year.</Empty>}
      {hours && <Curve hours={hours} limit={limit} />}
    </Card>
  );
}

const shares = [0, 0.01, 0.05, 0.25, 0.5, 0.75, 1];

function Curve({ hours, limit }: { hours: Duration; limit: number | null }) {
  const low = Math.min(0, hours.least);
  const high = Math.max(hours.most, limit ?? 0, low + 1e-9) * 1.04;
  const n = hours.loads.length;
  const sentence = sentenceOf(hours, limit);
  return (
    <>
      <p className={classes.sentence}>{sentence}</p>
      <div className={classes.chart} role="img" aria-label={`Load duration. ${sentence}`}>
        <span className={classes.most}>{power(hours.most)}</span>
        <svg className={classes.box} viewBox="0 0 1000 1000" preserveAspectRatio="none" aria-hidden="true">
          {[0.25, 0.5, 0.75].map((x) => (
            <line key={x} className={classes.grid} x1={x * 1000} x2={x * 1000} y1="0" y2="1000" />
          ))}
          <line className={classes.grid} x1="0" x2="1000" y1={heightOf(0, low, high)} y2={heightOf(0, low, high)} />
          <path className={classes.area} d={`${curve(hours, low, high)}L1000 ${heightOf(0, low, high)}L0 ${heightOf(0, low, high)}Z`} />
          <path className={classes.line} d={curve(hours, low, high)} />
          {limit !== null && <line className={classes.limit} x1="0" x2="1000" y1={heightOf(limit, low, high)} y2={heightOf(limit, low, high)} />}
        </svg>
        {limit !== null && (
          <span className={classes.limitLabel} style={{ top: `${heightOf(limit, low, high) / 10}%` }}>
            limit {power(limit)}
          </span>
        )}
      </div>
      <div className={classes.axis} aria-hidden="true">
        <span>0 h</span>
        <span>{count(n / 2)} h</span>
        <span>{count(n)} h</span>
      </div>
      <details className={classes.numbers}>
        <summary>Show the numbers</summary>
        <table className={table.table}>
          <thead>
            <tr>
              <th scope="col">Share of the hours</th>
              <th scope="col" className={table.right}>
                Hours
              </th>
              <th scope="col" className={table.right}>
                Load of at least
              </th>
            </tr>
          </thead>
          <tbody>
            {shares.map((share) => (
              <tr key={share}>
                <th scope="row">{share === 0 ? 'The greatest hour' : percent(share)}</th>
                <td className={table.right}>{count(Math.max(1, share * n))}</td>
                <td className={table.right}>{power(loadAt(hours, share))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </>
  );
}

function sentenceOf(hours: Duration, limit: number | null): string {
  const n = hours.loads.length;
  const half = `Half of the ${count(n)} hours are at or above ${power(loadAt(hours, 0.5))}, the greatest is ${power(hours.most)}.`;
  if (limit === null || hours.above === null) return half;
  const above = hours.above === 0 ? `No hour was above the limit of ${power(limit)}` : `${count(hours.above)} h (${percent(hours.above / n)}) were above the limit of ${power(limit)}`;
  return `${above}. ${half}`;
}

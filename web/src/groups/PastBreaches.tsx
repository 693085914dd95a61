import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Schemas } from '../api/client';
import { groupBreaches } from '../api/questions';
import { Card } from '../app/Card';
import { Empty } from '../app/Empty';
import { Failure } from '../app/Failure';
import page from '../app/Page.module.css';
import table from '../app/Table.module.css';
import { count, energy, percent } from '../format/energy';
import { dayHour } from '../format/time';

const few = 8;

/** PastBreaches lists the measured hours above the limit, the newest first, and what the plans would have made of them. */
export function PastBreaches({ id, zone }: { id: string; zone: string }) {
  const { data, error, refetch } = useQuery(groupBreaches(id));
  const view = data?.data;
  return (
    <Card from={data} title="Breaches of the limit" note="Measured hours above the limit in the last 90 days">
      {error && !view && <Failure error={error} retry={refetch} />}
      {!view && !error && <Skeleton height={160} />}
      {view?.hours === 0 && <Empty title="None">No measured hour was above the limit.</Empty>}
      {view && view.hours > 0 && <Breaches view={view} zone={zone} />}
    </Card>
  );
}

function Breaches({ view, zone }: { view: Schemas['Breaches']; zone: string }) {
  const [all, setAll] = useState(false);
  const newest = [...view.measured].reverse();
  const shown = all ? newest : newest.slice(0, few);
  return (
    <>
      <p className={page.facts}>
        {count(view.hours)} {view.hours === 1 ? 'hour' : 'hours'}, {energy(view.excessKwh)} above the limit. With all plans followed it would have been {count(view.hoursWithPlans)}.
      </p>
      <div className={table.scroll} role="region" tabIndex={0} aria-label="Breaches">
        <table className={table.table}>
          <thead>
            <tr>
              <th scope="col">Hour</th>
              <th scope="col" className={table.right}>
                Load
              </th>
              <th scope="col" className={table.right}>
                Above the limit
              </th>
              <th scope="col" className={table.right}>
                With the plans
              </th>
              <th scope="col" className={table.right}>
                Forecast
              </th>
              <th scope="col" className={table.right}>
                Probability stated
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((b) => (
              <tr key={b.at}>
                <th scope="row">{dayHour(b.at, zone)}</th>
                <td className={table.right}>{energy(b.actualKwh)}</td>
                <td className={table.right}>{energy(b.excessKwh)}</td>
                <td className={table.right}>{energy(b.withPlansKwh)}</td>
                <td className={table.right}>{energy(b.p50Kwh)}</td>
                <td className={table.right}>{percent(b.exceedanceBefore)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {newest.length > few && (
        <button type="button" className={page.more} onClick={() => setAll(!all)} aria-expanded={all}>
          {all ? `Only the newest ${few}` : `All ${count(newest.length)} hours`}
        </button>
      )}
    </>
  );
}

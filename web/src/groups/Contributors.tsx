import { Anchor, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { greatestMeters } from '../api/questions';
import { addressOf } from '../app/address';
import { Card } from '../app/Card';
import { Empty } from '../app/Empty';
import { Failure } from '../app/Failure';
import table from '../app/Table.module.css';
import { count, energy, percent } from '../format/energy';
import { dayHour } from '../format/time';
import { Sparkline } from '../meters/Sparkline';

/** Contributors are the meters with the greatest load of the group's last hour. */
export function Contributors({ id, load, zone }: { id: string; load: number | null | undefined; zone: string }) {
  const { data, error, refetch } = useQuery(greatestMeters(id));
  const rows = data?.data ?? [];
  const at = rows[0]?.lastReadingAt;
  return (
    <Card from={data} title="Who contributes most" note={at ? `The greatest loads of ${dayHour(at, zone)}` : 'The greatest loads of the last hour'}>
      {error && !data && <Failure error={error} retry={refetch} />}
      {!data && !error && <Skeleton height={200} />}
      {data && rows.length === 0 && <Empty title="No meters">No meter belongs to this group.</Empty>}
      {rows.length > 0 && (
        <>
          <div className={table.scroll} role="region" tabIndex={0} aria-label="Meters of the group">
            <table className={table.table}>
              <thead>
                <tr>
                  <th scope="col">Meter</th>
                  <th scope="col">Last 24 hours</th>
                  <th scope="col" className={table.right}>
                    Load
                  </th>
                  <th scope="col" className={table.right}>
                    Share of the group
                  </th>
                </tr>
              </thead>
              <tbody>
                {rows.map((m) => (
                  <tr key={m.id}>
                    <th scope="row">
                      <Link href={addressOf('meters', m.id)} className={table.link}>
                        {m.id}
                      </Link>
                    </th>
                    <td>{m.last24hKwh && <Sparkline kwh={m.last24hKwh} />}</td>
                    <td className={table.right}>{energy(m.lastKwh)}</td>
                    <td className={table.right}>{m.lastReadingAt === at && m.lastKwh !== null && load ? percent(m.lastKwh / load) : '–'}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          <Anchor component={Link} href={`/meters?group=${encodeURIComponent(id)}&sort=-lastKwh`} size="sm" c="var(--accent)" mt="md" display="inline-block">
            {data?.page?.total === 1 ? 'The only meter' : `All ${count(data?.page?.total)} meters`} of {id}
          </Anchor>
        </>
      )}
    </Card>
  );
}

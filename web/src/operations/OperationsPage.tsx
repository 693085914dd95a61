import { Button, Skeleton } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck, IconExternalLink } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { Asked, Schemas } from '../api/client';
import { operations, twin } from '../api/questions';
import { Card } from '../app/Card';
import { Fact } from '../app/Fact';
import { Failure } from '../app/Failure';
import page from '../app/Page.module.css';
import table from '../app/Table.module.css';
import { useTitle } from '../app/title';
import { count, number } from '../format/energy';
import { age, dateTime, readable } from '../format/time';
import classes from './OperationsPage.module.css';
import { Reproduce } from './Reproduce';

/** OperationsPage shows whether the twin keeps up, and what it runs. */
export function OperationsPage() {
  useTitle('Operations');
  const { data, error, refetch } = useQuery(operations);
  const of = useQuery(twin).data?.data;
  const zone = of?.timezone ?? 'UTC';
  const view = data?.data;
  return (
    <div className={page.page}>
      <div className={page.head}>
        <h1 className={page.title}>Operations</h1>
        {of?.grafanaUrl && (
          <Button component="a" href={of.grafanaUrl} target="_blank" rel="noreferrer" size="xs" variant="default" rightSection={<IconExternalLink size={14} stroke={1.7} />}>
            Dashboards in Grafana
          </Button>
        )}
      </div>
      {error && !view && <Failure error={error} retry={refetch} />}
      {!view && !error && <Skeleton height={420} />}
      {view && (
        <>
          <Health from={data} view={view} zone={zone} />
          <Partitions from={data} rows={view.partitions} zone={zone} />
        </>
      )}
      <Reproduce image={view?.image} />
    </div>
  );
}

function Health({ from, view: v, zone }: { from: Asked; view: Schemas['Operations']; zone: string }) {
  const wrong = v.conditions.filter((c) => !c.ok).length;
  return (
    <Card from={from} title={wrong === 0 ? 'The twin keeps up' : wrong === 1 ? '1 thing needs attention' : `${wrong} things need attention`}>
      <ul className={classes.conditions}>
        {v.conditions.map((c) => (
          <li key={c.type} data-ok={c.ok}>
            {c.ok ? <IconCircleCheck size={18} stroke={1.7} aria-label="In order" /> : <IconAlertTriangle size={18} stroke={1.7} aria-label="Needs attention" />}
            <span>
              <strong>{c.type}</strong> {readable(c.message, zone)}
            </span>
          </li>
        ))}
      </ul>
      <dl className={classes.facts}>
        <Fact label="Newest forecasts">{dateTime(v.lastForecastsAt, zone)}</Fact>
        <Fact label="Newest decisions">{dateTime(v.lastDecisionsAt, zone)}</Fact>
        <Fact label="Plans settled to">{dateTime(v.settledTo, zone)}</Fact>
        <Fact label="Readings stored">{v.readingsPerSecond === null ? 'measured at the next look' : `${number(v.readingsPerSecond)} a second`}</Fact>
        <Fact label="Waiting to be announced">{count(v.unrelayed)}</Fact>
        <Fact label="Database">{v.database}</Fact>
        <Fact label="Database maintained">{v.maintainedAt ? age(v.maintainedAt, Date.now()) : 'not yet'}</Fact>
        <Fact label="Version">{v.version}</Fact>
      </dl>
    </Card>
  );
}

function Partitions({ from, rows, zone }: { from: Asked; rows: Schemas['Operations']['partitions']; zone: string }) {
  return (
    <Card from={from} title="Partitions" note="Each is read by one processor; the twin’s time is that of the one furthest behind">
      <div className={table.scroll}>
        <table className={table.table}>
          <thead>
            <tr>
              <th scope="col">Partition</th>
              <th scope="col">Complete before</th>
              <th scope="col" className={table.right}>
                Behind, hours
              </th>
              <th scope="col" className={table.right}>
                Next offset
              </th>
              <th scope="col">Written</th>
              <th scope="col">Processor</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((p) => (
              <tr key={p.partition}>
                <th scope="row">{p.partition}</th>
                <td>{dateTime(p.watermark, zone)}</td>
                <td className={table.right}>{count(p.behindHours)}</td>
                <td className={table.right}>{count(p.nextOffset)}</td>
                <td>{age(p.writtenAt, Date.now())}</td>
                <td>{p.owner}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

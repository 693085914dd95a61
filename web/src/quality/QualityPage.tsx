import { NativeSelect, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import type { Asked, Schemas } from '../api/client';
import { quality, rejected, twin } from '../api/questions';
import { addressOf, useSetting } from '../app/address';
import { Card } from '../app/Card';
import { Empty } from '../app/Empty';
import { Failure } from '../app/Failure';
import page from '../app/Page.module.css';
import { Pager, usePages } from '../app/Pager';
import table from '../app/Table.module.css';
import { useTitle } from '../app/title';
import { count, counted } from '../format/energy';
import { dateTime, dayHour } from '../format/time';
import { Corrections } from './Corrections';
import { FileQuality } from './FileQuality';
import { MissingHours } from './MissingHours';
import classes from './quality.module.css';

/** QualityPage shows all that did not come as it should: missing, rejected, suspect, late and corrected. */
export function QualityPage() {
  useTitle('Data quality');
  const { data, error, refetch } = useQuery(quality);
  const zone = useQuery(twin).data?.data.timezone ?? 'UTC';
  const view = data?.data;
  return (
    <div className={page.page}>
      <h1 className={page.title}>Data quality</h1>
      {error && !view && <Failure error={error} retry={refetch} />}
      {!view && !error && <Skeleton height={420} />}
      {view && <Corrections from={data} counts={view.counts} />}
      {view && <MissingHours />}
      {view && <Messages reasons={view.byReason} zone={zone} />}
      {view?.dataset && (
        <Card from={data} title="The file of readings" note={`${counted(view.dataset.valuesRead, 'value was', 'values were')} read`}>
          <FileQuality file={view.dataset} />
        </Card>
      )}
      {view && <Suspects from={data} meters={view.suspects} zone={zone} />}
    </div>
  );
}

function Messages({ reasons, zone }: { reasons: Schemas['ReasonCount'][]; zone: string }) {
  const [reason, setReason] = useSetting<string>('reason', '');
  const pages = usePages();
  const { data, error, refetch, isPlaceholderData } = useQuery(rejected(reason, pages.cursor));
  const choices = [{ value: '', label: 'Every reason' }, ...reasons.map((r) => ({ value: r.reason, label: `${r.reason} (${count(r.count)})` }))];
  return (
    <Card
      from={data}
      title="Rejected messages"
      note="Nothing is lost: each is kept with its bytes and the reason"
      action={
        reasons.length > 0 && (
          <NativeSelect
            size="xs"
            aria-label="Reason"
            data={choices}
            value={reason}
            onChange={(e) => {
              pages.restart();
              setReason(e.currentTarget.value);
            }}
          />
        )
      }
    >
      {error && !data && <Failure error={error} retry={refetch} />}
      {!data && !error && <Skeleton height={200} />}
      {data?.data.messages.length === 0 && <Empty title="None">Every message of the stream was taken.</Empty>}
      {data && data.data.messages.length > 0 && (
        <ul className={`${classes.messages} ${isPlaceholderData ? page.old : ''}`}>
          {data.data.messages.map((m) => (
            <li key={`${m.partition} ${m.offset}`}>
              <p className={classes.detail}>
                <strong>{m.reason}</strong> {m.detail}
              </p>
              <code className={classes.text}>{m.value}</code>
              <p className={classes.where}>
                met {dateTime(m.knownAt, zone)} · key {m.key || 'none'} · partition {m.partition}, offset {count(m.offset)}
              </p>
            </li>
          ))}
        </ul>
      )}
      <Pager pages={pages} page={data?.page} busy={isPlaceholderData} />
    </Card>
  );
}

function Suspects({ from, meters, zone }: { from: Asked; meters: Schemas['SuspectMeter'][]; zone: string }) {
  return (
    <Card from={from} title="Suspect readings" note="Of the last 7 days: stored and shown, and used for nothing until later ones make them plausible">
      {meters.length === 0 && <Empty title="None">No reading of the last week is suspect.</Empty>}
      {meters.length > 0 && (
        <div className={table.scroll}>
          <table className={table.table}>
            <thead>
              <tr>
                <th scope="col">Meter</th>
                <th scope="col" className={table.right}>
                  Readings
                </th>
                <th scope="col">Newest</th>
              </tr>
            </thead>
            <tbody>
              {meters.map((m) => (
                <tr key={m.meter}>
                  <th scope="row">
                    <Link href={addressOf('meters', m.meter)} className={table.link}>
                      {m.meter}
                    </Link>
                  </th>
                  <td className={table.right}>{count(m.readings)}</td>
                  <td>{dayHour(m.newest.at, zone)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Card>
  );
}

import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { Link } from 'wouter';
import type { Schemas } from '../api/client';
import { decisionsAlong, meter, meterDecisions, meterKnown, meterLoad, meterState, meterSuspects, twin } from '../api/questions';
import { addressOf, useSetting } from '../app/address';
import { Card } from '../app/Card';
import { Empty } from '../app/Empty';
import { Failure } from '../app/Failure';
import page from '../app/Page.module.css';
import { useTitle } from '../app/title';
import { iso, type LoadColumns, loadColumns, seconds } from '../chart/columns';
import { bucketOf } from '../chart/buckets';
import { LoadChart } from '../chart/LoadChart';
import { PriceStrip } from '../chart/PriceStrip';
import type { Asked } from '../chart/range';
import { RangeBar } from '../chart/RangeBar';
import { ghost, useRange, useSpan } from '../chart/useRange';
import { DecisionDrawer, useOpenDecision } from '../decisions/DecisionDrawer';
import { DecisionList } from '../decisions/DecisionList';
import { markersOf } from '../decisions/markers';
import { useDecisionMode } from '../decisions/mode';
import { Downloads, type FileOf } from '../download/Downloads';
import { counted, energy } from '../format/energy';
import { dayHour } from '../format/time';
import { Devices } from './Devices';
import { Known } from './Known';
import { columnsKnown } from './known';
import classes from './MeterPage.module.css';
import { Months } from './Months';
import { QualityCalendar } from './QualityCalendar';
import { StatusBadge } from './StatusBadge';

const spans = [
  { value: 'now-48h', label: '2 days' },
  { value: 'now-7d', label: '1 week' },
  { value: 'now-28d', label: '4 weeks' },
];

/** MeterPage shows one meter: readings, forecasts, decisions. */
export function MeterPage({ id }: { id: string }) {
  const [, open] = useOpenDecision();
  useTitle(id);
  const { data, error, refetch } = useQuery(meter(id));
  const zone = useQuery(twin).data?.data.timezone ?? 'UTC';
  if (error && !data) return <Failure error={error} retry={refetch} />;
  const m = data?.data;
  return (
    <div className={page.page}>
      <div>
        <Link href="/meters" className={page.back}>
          Meters
        </Link>
        <h1 className={page.title}>{id}</h1>
        {m ? (
          <p className={page.facts}>
            <StatusBadge status={m.status} />
            {m.group && (
              <span>
                Group <Link className={page.link} href={addressOf('groups', m.group)}>{m.group}</Link>
              </span>
            )}
            <span>
              {energy(m.lastKwh)} on {dayHour(m.lastReadingAt, zone)}
            </span>
            <span>{counted(m.readings, 'reading')}</span>
          </p>
        ) : (
          <Skeleton height={20} width={320} maw="100%" mt={6} />
        )}
      </div>
      <LoadOfMeter id={id} known={!!m} zone={zone} open={open} />
      <DecisionsOfMeter id={id} known={!!m} zone={zone} open={open} />
      {m && <Devices id={id} group={m.group} />}
      <Months id={id} known={!!m} zone={zone} />
      <QualityCalendar id={id} known={!!m} zone={zone} />
      <DecisionDrawer zone={zone} />
    </div>
  );
}

// The sections of the page ask at once, and show what went wrong only of a meter that is known: of another, the page shows it once.
type SectionProps = { id: string; known: boolean; zone: string };

function LoadOfMeter({ id, known, zone, open }: SectionProps & { open: (id: string) => void }) {
  const range = useRange('now-7d', spans.map((s) => s.value), zone);
  const { data, error: failure, refetch, isPlaceholderData } = useQuery(meterLoad(id, range.asked));
  const suspects = useQuery(meterSuspects(id, range.asked)).data ?? [];
  const made = useQuery(decisionsAlong({ meter: id }, range.asked, useDecisionMode())).data?.data;
  const markers = useMemo(() => made && markersOf(made, zone), [made, zone]);
  const asOf = data?.meta.asOf;
  const now = asOf ? seconds(asOf) : undefined;
  const points = data?.data.points;
  const columns = useMemo(() => points && loadColumns(points, now), [points, now]);
  const span = useSpan(range, columns?.x, now);
  const bucket = bucketOf(span ? span[1] - span[0] : 0, range.by);
  const error = known ? failure : null;
  const then = useKnown(id, columns, range.asked, now);
  const { from, to } = range.asked;
  const files: FileOf[] = [
    { what: 'Readings', path: '/api/v1/meters/{id}/history', places: { id }, query: { from, ...(to && { to }), step: '1h' } },
    { what: 'Decisions', path: '/api/v1/decisions', query: { from, ...(to && { to }), meter: id } },
    { what: 'Key figures by day', path: '/api/v1/kpis', query: { from, ...(to && { to }), by: 'day', meter: id } },
  ];
  return (
    <Card
      from={data}
      title="Load"
      note="Readings, the forecast that was in force at each hour, the load if the plans are followed, and the price"
      action={<RangeBar range={range} presets={spans} zone={zone} />}
    >
      {error && !columns && <Failure error={error} retry={refetch} />}
      {!columns && !error && <Skeleton height={380} />}
      {data && columns && columns.x.length > 0 && (
        <div className={isPlaceholderData || range.pending ? page.old : undefined}>
          <LoadChart
            columns={then.columns ?? columns}
            now={then.at ?? now}
            zone={zone}
            what={id}
            range={range}
            span={span}
            bucket={bucket}
            ghost={ghost(span)}
            markers={then.at === undefined ? markers : markers?.filter((m) => m.issued <= (then.at ?? 0))}
            openMarker={open}
          />
          <PriceStrip points={data.data.points} currency={data.data.currency} now={then.at ?? now} zone={zone} what={id} range={range} span={span} bucket={bucket} />
        </div>
      )}
      {span && now !== undefined && bucket === 'hour' && <Known span={span} now={now} zone={zone} known={then.at} setKnown={then.setAt} state={then.state} open={open} />}
      {columns?.x.length === 0 && <Empty title="No readings">There are none in this time.</Empty>}
      {suspects.length > 0 && <Suspects readings={suspects} zone={zone} />}
      <div className={classes.export}>
        <Downloads files={files} />
      </div>
    </Card>
  );
}

/** useKnown is what was known at the time that the address names; nothing where it names none. */
function useKnown(id: string, columns: LoadColumns | undefined, asked: Asked, now: number | undefined) {
  const [text, setText] = useSetting<string>('known', '');
  const time = Date.parse(text) / 1000;
  const at = now !== undefined && time < now ? time : undefined;
  const enabled = at !== undefined && columns !== undefined;
  const state = useQuery({ ...meterState(id, text), enabled }).data?.data;
  const readings = useQuery({ ...meterKnown(id, asked, text), enabled }).data?.data[0]?.points;
  const known = useMemo(() => (at !== undefined && columns && state && readings ? columnsKnown(columns, readings, state.forecast, at) : undefined), [at, columns, state, readings]);
  const setAt = (next: number | undefined) => setText(next === undefined ? '' : iso(next).replace('.000Z', 'Z'), true);
  return { at, setAt, columns: known, state: at === undefined ? undefined : state };
}

const mostNamed = 5;

/** Suspects names readings that the chart leaves out, the newest ones. */
function Suspects({ readings, zone }: { readings: Schemas['Reading'][]; zone: string }) {
  const named = readings.slice(-mostNamed).map((r) => `${energy(r.kwh)} on ${dayHour(r.at, zone)}`);
  return (
    <p className={classes.suspects} role="note">
      <strong>{counted(readings.length, 'suspect reading')}</strong>, left out of the chart, of
      forecasts and of plans: {named.join('; ')}
      {readings.length > named.length ? '; and earlier ones' : ''}.
    </p>
  );
}

function DecisionsOfMeter({ id, known, zone, open }: SectionProps & { open: (id: string) => void }) {
  const { data, error: failure, refetch } = useQuery(meterDecisions(id, useDecisionMode()));
  const error = known ? failure : null;
  return (
    <Card from={data} title="Decisions" note="The last week, newest first">
      {error && !data && <Failure error={error} retry={refetch} />}
      {!data && !error && <Skeleton height={160} />}
      {data?.data.length === 0 && <Empty title="None yet">A decision needs a forecast, and a forecast some weeks of readings.</Empty>}
      {data && data.data.length > 0 && <DecisionList decisions={data.data} now={data.meta.asOf} zone={zone} open={open} byDay />}
    </Card>
  );
}

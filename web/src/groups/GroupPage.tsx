import { Anchor, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Fragment, useMemo } from 'react';
import { Link } from 'wouter';
import { ApiError } from '../api/problem';
import { decisionsAlong, groupDecisions, groupLoad, groups, twin } from '../api/questions';
import { addressOf } from '../app/address';
import { Card } from '../app/Card';
import { Empty } from '../app/Empty';
import { Failure } from '../app/Failure';
import page from '../app/Page.module.css';
import { useTitle } from '../app/title';
import { loadColumns, seconds } from '../chart/columns';
import { bucketOf } from '../chart/buckets';
import { LoadChart } from '../chart/LoadChart';
import { RangeBar } from '../chart/RangeBar';
import { ghost, useRange, useSpan } from '../chart/useRange';
import { DecisionDrawer, useOpenDecision } from '../decisions/DecisionDrawer';
import { DecisionList } from '../decisions/DecisionList';
import { markersOf } from '../decisions/markers';
import { useDecisionMode } from '../decisions/mode';
import { count, power } from '../format/energy';
import { dayHour } from '../format/time';
import { Contributors } from './Contributors';
import { LoadDuration } from './LoadDuration';
import { PastBreaches } from './PastBreaches';
import { PeakCalendar } from './PeakCalendar';
import { Risk } from './Risk';

const spans = [
  { value: 'now-24h', label: '1 day' },
  { value: 'now-72h', label: '3 days' },
  { value: 'now-7d', label: '1 week' },
  { value: 'now-28d', label: '4 weeks' },
];

/** GroupPage shows one group: its load against its limit, the risk of the coming hours, what is planned. */
export function GroupPage({ id }: { id: string }) {
  useTitle(id);
  const zone = useQuery(twin).data?.data.timezone ?? 'UTC';
  const range = useRange('now-72h', spans.map((s) => s.value), zone);
  const load = useQuery(groupLoad(id, range.asked));
  const group = useQuery(groups).data?.data.find((g) => g.id === id);
  const asOf = load.data?.meta.asOf;
  const now = asOf ? seconds(asOf) : undefined;
  const columns = useMemo(() => load.data && loadColumns(load.data.data.points, now), [load.data, now]);
  const span = useSpan(range, columns?.x, now);
  const made = useQuery(decisionsAlong({ group: id }, range.asked, useDecisionMode())).data?.data;
  const markers = useMemo(() => made && markersOf(made, zone), [made, zone]);
  const [, open] = useOpenDecision();
  const view = load.data?.data;
  const unknown = load.error instanceof ApiError && load.error.status === 404;
  return (
    <div className={page.page}>
      <div>
        <Link href="/groups" className={page.back}>
          Groups
        </Link>
        <h1 className={page.title}>{id}</h1>
        {view && (
          <p className={page.facts}>
            {group && (
              <Link className={page.link} href={`/meters?group=${encodeURIComponent(id)}`}>
                {count(group.meters)} {group.meters === 1 ? 'meter' : 'meters'}
              </Link>
            )}
            {group?.parent && (
              <span>
                Part of{' '}
                <Link className={page.link} href={addressOf('groups', group.parent)}>
                  {group.parent}
                </Link>
              </span>
            )}
            {group && group.children.length > 0 && <Holds groups={group.children} />}
            {group && <span>{`${power(group.lastKwh)} on ${dayHour(group.lastAt, zone)}`}</span>}
            <span>{view.capacityKw === null ? 'No limit is set' : `Limit ${power(view.capacityKw)}`}</span>
          </p>
        )}
      </div>
      <Card
        from={load.data}
        title="Load"
        note="Measured, the newest forecast of each hour, and the load if all plans are followed"
        action={<RangeBar range={range} presets={spans} zone={zone} />}
      >
        {load.error && !view && <Failure error={load.error} retry={unknown ? undefined : load.refetch} />}
        {!view && !load.error && <Skeleton height={380} />}
        {columns && columns.x.length > 0 && (
          <div className={load.isPlaceholderData || range.pending ? page.old : undefined}>
            <LoadChart
              columns={columns}
              now={now}
              zone={zone}
              capacity={view?.capacityKw}
              what={id}
              range={range}
              span={span}
              bucket={bucketOf(span ? span[1] - span[0] : 0, range.by)}
              ghost={ghost(span)}
              markers={markers}
              openMarker={open}
            />
          </div>
        )}
        {columns?.x.length === 0 && <Empty title="No readings">There are none in this time.</Empty>}
        {view && view.capacityKw !== null && <Breaches hours={view.breaches} coming={view.forecastBreaches} />}
      </Card>
      {!unknown && <Risk id={id} now={asOf ?? null} zone={zone} />}
      {!unknown && <Planned id={id} zone={zone} />}
      {view && <Past id={id} limit={view.capacityKw} load={group?.lastKwh} zone={zone} />}
      <DecisionDrawer zone={zone} />
    </div>
  );
}

/** mostNamed is how many of the groups below one are named. */
const mostNamed = 6;

/** Holds names the groups right below one. */
function Holds({ groups }: { groups: string[] }) {
  const more = groups.length - mostNamed;
  return (
    <span>
      Holds{' '}
      {groups.slice(0, mostNamed).map((id, i) => (
        <Fragment key={id}>
          {i > 0 && ', '}
          <Link className={page.link} href={addressOf('groups', id)}>
            {id}
          </Link>
        </Fragment>
      ))}
      {more > 0 && ` and ${count(more)} more`}
    </span>
  );
}

/** Past is what the group needed so far, and who needed it. */
function Past({ id, limit, load, zone }: { id: string; limit: number | null; load: number | null | undefined; zone: string }) {
  return (
    <>
      {limit !== null && <PastBreaches id={id} zone={zone} />}
      <div className={page.halves}>
        <LoadDuration id={id} limit={limit} />
        <Contributors id={id} load={load} zone={zone} />
      </div>
      <PeakCalendar id={id} limit={limit} zone={zone} />
    </>
  );
}

function Breaches({ hours, coming }: { hours: number; coming: number }) {
  const were = hours === 0 ? 'No measured hour was' : hours === 1 ? '1 measured hour was' : `${count(hours)} measured hours were`;
  const are = coming === 0 ? '' : coming === 1 ? '; 1 coming hour is expected to be' : `; ${count(coming)} coming hours are expected to be`;
  return (
    <p className={page.facts}>
      {were} above the limit{are}.
    </p>
  );
}

function Planned({ id, zone }: { id: string; zone: string }) {
  const [, open] = useOpenDecision();
  const { data, error, refetch } = useQuery(groupDecisions(id, useDecisionMode()));
  return (
    <Card from={data} title="What is planned" note="The limit first, then the plans of its meters that are worth most">
      {error && !data && <Failure error={error} retry={refetch} />}
      {!data && !error && <Skeleton height={160} />}
      {data?.data.length === 0 && <Empty title="Nothing is planned">No load of this group was worth moving in the last day.</Empty>}
      {data && data.data.length > 0 && (
        <>
          <DecisionList decisions={data.data} now={data.meta.asOf} zone={zone} open={open} />
          <Anchor component={Link} href={`/decisions?group=${encodeURIComponent(id)}`} size="sm" c="var(--accent)" mt="md" display="inline-block">
            All decisions about {id}
          </Anchor>
        </>
      )}
    </Card>
  );
}

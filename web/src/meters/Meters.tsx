import { Button, SegmentedControl, Skeleton, TextInput, VisuallyHidden } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconArrowDown, IconArrowUp, IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import type { Schemas } from '../api/client';
import { type MeterSort, type MeterStatus, meters, twin } from '../api/questions';
import { addressOf, useSetting } from '../app/address';
import { Card } from '../app/Card';
import { Empty } from '../app/Empty';
import { Failure } from '../app/Failure';
import page from '../app/Page.module.css';
import { Pager, usePages } from '../app/Pager';
import classes from '../app/Table.module.css';
import { useTitle } from '../app/title';
import { count, energy } from '../format/energy';
import { dayHour } from '../format/time';
import { StatusBadge } from './StatusBadge';

const sorts: MeterSort[] = ['id', '-id', 'lastKwh', '-lastKwh'];

const statuses = [
  { value: '', label: 'All' },
  { value: 'ok', label: 'OK' },
  { value: 'gap', label: 'Gap' },
  { value: 'stale', label: 'Stale' },
  { value: 'suspect', label: 'Suspect' },
];

/** Meters is the list of meters, found by a part of the name. */
export function Meters() {
  useTitle('Meters');
  const [search, setSearch] = useSetting<string>('q', '');
  const [status, setStatus] = useSetting('status', '', statuses.map((s) => s.value));
  const [sort, setSort] = useSetting<MeterSort>('sort', 'id', sorts);
  const [group, setGroup] = useSetting<string>('group', '');
  const pages = usePages();
  const [q] = useDebouncedValue(search.trim(), 250);
  const filter = { q, status: (status || undefined) as MeterStatus | undefined, sort, group: group || undefined, cursor: pages.cursor };
  const { data, error, refetch, isPlaceholderData } = useQuery(meters(filter));
  const total = useQuery(twin).data?.data;
  const zone = total?.timezone ?? 'UTC';

  function change(apply: () => void) {
    pages.restart();
    apply();
  }

  return (
    <div className={page.page}>
      <h1 className={page.title}>Meters</h1>
      <Card
        from={data}
        title={group ? `Meters of ${group}` : 'All meters'}
        note={total && `${count(total.meters)} in all`}
        action={
          <div className={page.filters}>
            {group && (
              <Button size="sm" variant="default" onClick={() => change(() => setGroup(''))}>
                Every group
              </Button>
            )}
            <TextInput
              aria-label="Search meters"
              placeholder="Search by name"
              leftSection={<IconSearch size={16} stroke={1.7} />}
              value={search}
              onChange={(e) => {
                const value = e.currentTarget.value;
                change(() => setSearch(value, true));
              }}
            />
            <SegmentedControl data={statuses} value={status} onChange={(v) => change(() => setStatus(v))} aria-label="Status" />
          </div>
        }
      >
        {error && !data && <Failure error={error} retry={refetch} />}
        {!data && !error && <Skeleton height={320} />}
        {data?.data.length === 0 && <Empty title="No meter found">{q ? `No name contains “${q}”.` : 'No meter has this status now.'}</Empty>}
        {data && data.data.length > 0 && (
          <div className={classes.scroll} data-old={isPlaceholderData || undefined}>
            <table className={classes.table}>
              <thead>
                <tr>
                  <SortHeader label="Meter" by="id" sort={sort} set={(s) => change(() => setSort(s))} />
                  <th scope="col">Group</th>
                  <th scope="col">Status</th>
                  <SortHeader label="Last hour" by="lastKwh" sort={sort} set={(s) => change(() => setSort(s))} right />
                  <th scope="col">Hour</th>
                  <th scope="col" className={classes.right}>
                    Readings
                  </th>
                </tr>
              </thead>
              <tbody>
                {data.data.map((m) => (
                  <Row key={m.id} meter={m} zone={zone} />
                ))}
              </tbody>
            </table>
          </div>
        )}
        <Pager pages={pages} page={data?.page} busy={isPlaceholderData} />
      </Card>
    </div>
  );
}

interface SortProps {
  label: string;
  by: 'id' | 'lastKwh';
  sort: MeterSort;
  set: (s: MeterSort) => void;
  right?: boolean;
}

function SortHeader({ label, by, sort, set, right }: SortProps) {
  const up = sort === by;
  const down = sort === `-${by}`;
  const Arrow = down ? IconArrowDown : IconArrowUp;
  return (
    <th scope="col" className={right ? classes.right : undefined} aria-sort={up ? 'ascending' : down ? 'descending' : undefined}>
      <button type="button" className={classes.sort} onClick={() => set(up ? `-${by}` : by)}>
        {label}
        <VisuallyHidden>, sort</VisuallyHidden>
        <Arrow size={13} className={classes.arrow} data-on={up || down || undefined} aria-hidden="true" />
      </button>
    </th>
  );
}

function Row({ meter: m, zone }: { meter: Schemas['Meter']; zone: string }) {
  return (
    <tr>
      <th scope="row">
        <Link href={addressOf('meters', m.id)} className={classes.link}>
          {m.id}
        </Link>
      </th>
      <td>
        {m.group ? (
          <Link href={addressOf('groups', m.group)} className={classes.link}>
            {m.group}
          </Link>
        ) : (
          '–'
        )}
      </td>
      <td>
        <StatusBadge status={m.status} />
      </td>
      <td className={classes.right}>{energy(m.lastKwh)}</td>
      <td>{dayHour(m.lastReadingAt, zone)}</td>
      <td className={classes.right}>{count(m.readings)}</td>
    </tr>
  );
}

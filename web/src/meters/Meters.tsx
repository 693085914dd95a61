import { NativeSelect, SegmentedControl, Skeleton, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useCallback, useRef } from 'react';
import { groups, type MeterFilter, type MeterSort, type MeterStatus, meters, twin } from '../api/questions';
import { useSetting } from '../app/address';
import { Card } from '../app/Card';
import { Empty } from '../app/Empty';
import { Failure } from '../app/Failure';
import page from '../app/Page.module.css';
import { useTitle } from '../app/title';
import { useRested } from '../app/useRested';
import { count } from '../format/energy';
import { MeterTable } from './MeterTable';

const by = ['id', 'group', 'lastKwh', 'lastReadingAt', 'missingHours', 'readings'] as const;
const sorts: MeterSort[] = by.flatMap((column): MeterSort[] => [column, `-${column}`]);

const statuses = [
  { value: '', label: 'All' },
  { value: 'ok', label: 'OK' },
  { value: 'gap', label: 'Gap' },
  { value: 'stale', label: 'Stale' },
  { value: 'suspect', label: 'Suspect' },
];

/** Meters is the list of meters, found by a part of the name, a group and a status. */
export function Meters() {
  useTitle('Meters');
  const [search, setSearch] = useSetting<string>('q', '');
  const [status, setStatus] = useSetting('status', '', statuses.map((s) => s.value));
  const [sort, setSort] = useSetting<MeterSort>('sort', 'id', sorts);
  const [group, setGroup] = useSetting<string>('group', '');
  const [top, keepTop] = useSetting<string>('row', '0');
  const q = useRested(search.trim(), 80);
  const filter = { q, status: (status || undefined) as MeterStatus | undefined, sort, group: group || undefined };
  const first = useQuery({ ...meters(filter, 0), placeholderData: keepPreviousData });
  const drawn = useDrawn(filter, first.data !== undefined && !first.isPlaceholderData);
  const zone = useQuery(twin).data?.data.timezone ?? 'UTC';
  const all = useQuery(twin).data?.data.meters;
  const names = useQuery(groups).data?.data.map((g) => g.id) ?? [];
  const total = first.data?.page?.total;
  const filtered = q !== '' || status !== '' || group !== '';

  const keep = useRef(keepTop);
  keep.current = keepTop;
  const setTop = useCallback((row: number) => keep.current(String(row), true), []);

  return (
    <div className={page.page}>
      <h1 className={page.title}>Meters</h1>
      <Card
        from={first.data}
        title={group ? `Meters of ${group}` : 'All meters'}
        note={<span role="status">{matches(total, all, filtered)}</span>}
        action={
          <div className={page.filters}>
            <TextInput
              aria-label="Search meters"
              placeholder="Search by name"
              leftSection={<IconSearch size={16} stroke={1.7} />}
              value={search}
              onChange={(e) => setSearch(e.currentTarget.value, true)}
            />
            {(names.length > 0 || group) && (
              <NativeSelect
                aria-label="Group"
                value={group}
                data={[{ value: '', label: 'Every group' }, ...(group && !names.includes(group) ? [group] : []), ...names]}
                onChange={(e) => setGroup(e.currentTarget.value)}
              />
            )}
            <SegmentedControl data={statuses} value={status} onChange={setStatus} aria-label="Status" />
          </div>
        }
      >
        {first.error && !first.data && <Failure error={first.error} retry={first.refetch} />}
        {!first.data && !first.error && <Skeleton height={420} />}
        {total === 0 && <Empty title="No meter found">{q ? `No name contains “${q}”.` : 'No meter has this status now.'}</Empty>}
        {total !== undefined && total > 0 && (
          <MeterTable filter={drawn} total={total} old={first.isPlaceholderData} zone={zone} top={Number(top) || 0} setTop={setTop} setSort={setSort} />
        )}
      </Card>
    </div>
  );
}

/** useDrawn is the filter whose rows are there: the one before until the first rows of another have come. */
function useDrawn(filter: MeterFilter, known: boolean): MeterFilter {
  const drawn = useRef(filter);
  if (known) drawn.current = filter;
  return drawn.current;
}

/** matches is how many meters there are, and how many of them match. */
function matches(total: number | undefined, all: number | undefined, filtered: boolean): string {
  if (total === undefined) return '';
  if (!filtered || all === undefined) return `${count(total)} in all`;
  return `${count(total)} of ${count(all)} match`;
}

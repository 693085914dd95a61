import { VisuallyHidden } from '@mantine/core';
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, type MouseEvent, useEffect, useRef } from 'react';
import { useLocation, useRouter } from 'wouter';
import type { Schemas } from '../api/client';
import type { MeterColumn, MeterFilter, MeterSort } from '../api/questions';
import { addressOf } from '../app/address';
import table from '../app/Table.module.css';
import { count, energy } from '../format/energy';
import { dayHour } from '../format/time';
import classes from './MeterTable.module.css';
import { Sparkline } from './Sparkline';
import { StatusBadge } from './StatusBadge';
import { useMeterRows } from './useMeterRows';

interface Column {
  label: string;
  width: string;
  by?: MeterColumn;
  right?: boolean;
}

const columns: Column[] = [
  { label: 'Meter', width: '18%', by: 'id' },
  { label: 'Group', width: '13%', by: 'group' },
  { label: 'Status', width: '9%' },
  { label: 'Last 24 hours', width: '12%' },
  { label: 'Last hour', width: '10%', by: 'lastKwh', right: true },
  { label: 'Newest hour', width: '20%', by: 'lastReadingAt', right: true },
  { label: 'Missing', width: '9%', by: 'missingHours', right: true },
  { label: 'Readings', width: '9%', by: 'readings', right: true },
];

/** rowHeight is that of the style, in pixels: it follows the size of the text. */
const rowHeight = () => 2.5625 * Number.parseFloat(getComputedStyle(document.documentElement).fontSize);

interface Props {
  filter: MeterFilter;
  total: number;
  /** What is shown is that of the filter before. */
  old: boolean;
  zone: string;
  /** The row at the top. */
  top: number;
  setTop: (row: number) => void;
  setSort: (sort: MeterSort) => void;
}

/** MeterTable has a row for each meter that matches, of which those that can be seen are there. */
export function MeterTable({ filter, total, old, zone, top, setTop, setSort }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: total,
    getScrollElement: () => scroller.current,
    estimateSize: rowHeight,
    overscan: 8,
    initialOffset: top * rowHeight(),
  });
  const shown = rows.getVirtualItems();
  const first = shown[0];
  const last = shown.at(-1);
  const { base } = useRouter();
  const [, go] = useLocation();
  const meterAt = useMeterRows(filter, first?.index ?? 0, last?.index ?? 0);

  // The place is kept in the address once the table is at rest: Back comes back to it.
  const place = Math.round((rows.scrollOffset ?? 0) / rowHeight());
  const resting = !rows.isScrolling;
  useEffect(() => {
    if (resting && place !== top) setTop(place);
  }, [resting, place, top, setTop]);

  // One listener follows the links of all rows: a component of the router for each costs more than its row.
  const follow = (e: MouseEvent) => {
    const to = (e.target as Element).closest('a')?.dataset.to;
    if (!to || e.button !== 0 || e.metaKey || e.ctrlKey || e.altKey || e.shiftKey) return;
    e.preventDefault();
    go(to);
  };

  const asked = JSON.stringify(filter);
  const before = useRef(asked);
  useEffect(() => {
    if (before.current === asked) return;
    before.current = asked;
    rows.scrollToOffset(0);
  }, [asked, rows]);

  return (
    <div ref={scroller} className={classes.scroll} data-short={total < 12 || undefined} data-old={old || undefined} role="region" tabIndex={0} aria-label="Table of meters">
      <table className={`${table.table} ${classes.table}`} aria-rowcount={total + 1}>
        <colgroup>
          {columns.map((c) => (
            <col key={c.label} style={{ width: c.width }} />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map((c) => (
              <Header key={c.label} column={c} sort={filter.sort} set={setSort} />
            ))}
          </tr>
        </thead>
        <tbody onClick={follow}>
          <Space height={first?.start ?? 0} />
          {shown.map(({ index }) => (
            <Row key={index} index={index} meter={meterAt(index)} zone={zone} base={base} />
          ))}
          <Space height={rows.getTotalSize() - (last?.end ?? 0)} />
        </tbody>
      </table>
    </div>
  );
}

/** Space stands for the rows that cannot be seen. */
function Space({ height }: { height: number }) {
  if (height <= 0) return null;
  return (
    <tr className={classes.space} style={{ height }} aria-hidden="true">
      <td colSpan={columns.length} />
    </tr>
  );
}

function Header({ column: { label, by, right }, sort, set }: { column: Column; sort: MeterSort; set: (s: MeterSort) => void }) {
  const side = right ? table.right : undefined;
  if (!by) {
    return (
      <th scope="col" className={side}>
        {label}
      </th>
    );
  }
  const up = sort === by;
  const down = sort === `-${by}`;
  const Arrow = down ? IconArrowDown : IconArrowUp;
  return (
    <th scope="col" className={side} aria-sort={up ? 'ascending' : down ? 'descending' : undefined}>
      <button type="button" className={table.sort} onClick={() => set(up ? `-${by}` : by)}>
        {label}
        <VisuallyHidden>, sort</VisuallyHidden>
        <Arrow size={13} className={table.arrow} data-on={up || down || undefined} aria-hidden="true" />
      </button>
    </th>
  );
}

/** Row is drawn again only when its meter changes: the table is drawn with every pixel that it is scrolled. */
const Row = memo(function Row({ index, meter: m, zone, base }: { index: number; meter: Schemas['Meter'] | undefined; zone: string; base: string }) {
  if (!m) {
    return (
      <tr aria-rowindex={index + 2} aria-busy="true">
        <td colSpan={columns.length}>
          <span className={classes.wait} />
        </td>
      </tr>
    );
  }
  return (
    <tr aria-rowindex={index + 2}>
      <th scope="row">
        <To to={addressOf('meters', m.id)} base={base} name={m.id} />
      </th>
      <td>{m.group ? <To to={addressOf('groups', m.group)} base={base} name={m.group} /> : '–'}</td>
      <td>
        <StatusBadge status={m.status} />
      </td>
      <td>{m.last24hKwh && <Sparkline kwh={m.last24hKwh} />}</td>
      <td className={table.right}>{energy(m.lastKwh)}</td>
      <td className={table.right}>{dayHour(m.lastReadingAt, zone)}</td>
      <td className={table.right}>{m.missingHours === 0 ? '–' : `${count(m.missingHours)} h`}</td>
      <td className={table.right}>{count(m.readings)}</td>
    </tr>
  );
});

/** To leads to the page of what it names. */
function To({ to, base, name }: { to: string; base: string; name: string }) {
  return (
    <a href={base + to} data-to={to} className={table.link} title={name}>
      {name}
    </a>
  );
}

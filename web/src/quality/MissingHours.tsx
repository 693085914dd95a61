import { NativeSelect, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type KeyboardEvent, memo, type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import { Link, useLocation } from 'wouter';
import type { Schemas } from '../api/client';
import { missingHours } from '../api/questions';
import { addressOf, useSetting } from '../app/address';
import { Card } from '../app/Card';
import { Empty } from '../app/Empty';
import { Failure } from '../app/Failure';
import page from '../app/Page.module.css';
import table from '../app/Table.module.css';
import { count, counted, percent } from '../format/energy';
import classes from './MissingHours.module.css';
import { type Column, type Count, columnsOf, countOf, levelOf, nameOf, steps, words } from './missing';

const spans = [
  { value: '8', label: '8 weeks' },
  { value: '26', label: '26 weeks' },
  { value: '52', label: '52 weeks' },
];
const daysOfWeek = 7;

/** MissingHours is a map of the hours that are missing of all meters: a row for each group, a column for each day or week. */
export function MissingHours() {
  const [weeks, setWeeks] = useSetting('weeks', '8', spans.map((s) => s.value));
  const { data, error, refetch, isPlaceholderData } = useQuery(missingHours(`now-${weeks}w`));
  const view = data?.data;
  return (
    <Card
      from={data}
      title="Missing hours"
      note="Without a reading, or with a suspect one. A meter counts from its first reading on"
      action={<NativeSelect size="xs" aria-label="Time" data={spans} value={weeks} onChange={(e) => setWeeks(e.currentTarget.value)} />}
    >
      {error && !view && <Failure error={error} retry={refetch} />}
      {!view && !error && <Skeleton height={260} />}
      {view?.hours === 0 && <Empty title="No readings">None came in this time.</Empty>}
      {view && view.hours > 0 && (
        <div className={isPlaceholderData ? page.old : ''}>
          <p className={classes.sentence}>{summary(view)}</p>
          <HeatMap view={view} length={weeks === '8' ? 1 : daysOfWeek} />
          <Scale />
        </div>
      )}
    </Card>
  );
}

function summary({ hours, missing, groups, groupCount }: Schemas['MissingHours']): string {
  if (missing === 0) return hours === 1 ? 'The only hour is there.' : `None of the ${count(hours)} hours is missing.`;
  const most = groups[0] && groupCount > 1 ? `, ${missing === 1 ? '' : 'most of them '}in ${nameOf(groups[0])}` : '';
  const listed = groups.length < groupCount ? ` These are the ${groups.length} groups with most of them, of ${count(groupCount)}.` : '';
  return `${count(missing)} of the ${counted(hours, 'hour')} ${missing === 1 ? 'is' : 'are'} missing (${percent(missing / hours)})${most}.${listed}`;
}

interface Row {
  name: string;
  group: string | null; // null: all of them, or those without one
  head: ReactNode;
  hours: number[];
  missing: number[];
}

function rowsOf(view: Schemas['MissingHours']): Row[] {
  const all = { name: 'All meters', group: null, head: 'All meters', hours: view.days.map((d) => d.hours), missing: view.days.map((d) => d.missing) };
  const groups = view.groups.map((g) => ({ name: nameOf(g), group: g.id, head: g.id === null ? nameOf(g) : <GroupLink id={g.id} />, hours: g.hoursByDay, missing: g.missingByDay }));
  return [all, ...groups];
}

function GroupLink({ id }: { id: string }) {
  return (
    <Link href={addressOf('groups', id)} className={table.link} title={id}>
      {id}
    </Link>
  );
}

/** metersOf is where the meters of a row are listed, those with most missing hours first. */
const metersOf = (group: string | null): string => `/meters?sort=-missingHours${group === null ? '' : `&group=${encodeURIComponent(group)}`}`;

function HeatMap({ view, length }: { view: Schemas['MissingHours']; length: number }) {
  const rows = useMemo(() => rowsOf(view), [view]);
  const columns = useMemo(() => columnsOf(view.days, length), [view, length]);
  const [at, setAt] = useState({ row: 0, column: columns.length - 1 }); // the cell that Tab leads to
  const [, go] = useLocation();
  const scroll = useRef<HTMLDivElement>(null);
  const grid = useRef<HTMLTableElement>(null);
  useEffect(() => {
    if (scroll.current) scroll.current.scrollLeft = scroll.current.scrollWidth; // the newest days
    setAt({ row: 0, column: columns.length - 1 });
  }, [columns.length]);

  const move = (event: KeyboardEvent) => {
    if (!(event.target instanceof HTMLElement) || event.target.dataset.column === undefined) return;
    const next = reached(event.key, at, { row: rows.length - 1, column: columns.length - 1 });
    if (event.key === 'Enter') go(metersOf(rows[at.row]?.group ?? null));
    if (!next) return;
    event.preventDefault();
    setAt(next);
    grid.current?.querySelector<HTMLElement>(`[data-row="${next.row}"] [data-column="${next.column}"]`)?.focus();
  };
  return (
    <div className={classes.scroll} ref={scroll}>
      <table className={classes.map} role="grid" aria-label="Missing hours" ref={grid} onKeyDown={move}>
        <thead>
          <tr>
            <td />
            {columns.map((c) => (
              <th key={c.from} scope="col" className={classes.month}>
                {c.month}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            <Line key={row.name} row={row} place={i} columns={columns} entry={at.row === i ? at.column : null} go={go} enter={setAt} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** reached is the cell that a key leads to; null for other keys. */
function reached(key: string, { row, column }: { row: number; column: number }, last: { row: number; column: number }) {
  const to = {
    ArrowLeft: { row, column: column - 1 },
    ArrowRight: { row, column: column + 1 },
    ArrowUp: { row: row - 1, column },
    ArrowDown: { row: row + 1, column },
    Home: { row, column: 0 },
    End: { row, column: last.column },
  }[key];
  return to ? { row: Math.min(Math.max(to.row, 0), last.row), column: Math.min(Math.max(to.column, 0), last.column) } : null;
}

interface LineProps {
  row: Row;
  place: number;
  columns: Column[];
  entry: number | null; // the column that Tab leads to, if it is in this row
  go: (to: string) => void;
  enter: (at: { row: number; column: number }) => void;
}

/** Line is one row. It is kept while only another row changes: there may be thousands of cells. */
const Line = memo(function Line({ row, place, columns, entry, go, enter }: LineProps) {
  return (
    <tr data-row={place}>
      <th scope="row" className={classes.group}>
        {row.head}
      </th>
      {columns.map((c, i) => {
        const counted: Count = countOf(row.hours, row.missing, c);
        const text = `${row.name}, ${c.title}: ${words(counted)}`;
        return (
          <td
            key={c.from}
            data-column={i}
            data-level={levelOf(counted) ?? 'none'}
            tabIndex={entry === i ? 0 : -1}
            title={text}
            onFocus={() => enter({ row: place, column: i })}
            onClick={() => go(metersOf(row.group))}
          >
            <span className={classes.hidden}>{text}</span>
          </td>
        );
      })}
    </tr>
  );
});

/** Scale explains the colours. */
function Scale() {
  const labels = ['none', ...steps.map((s) => `up to ${percent(s)}`), 'more'];
  return (
    <p className={classes.scale}>
      <span>Share of the hours that is missing:</span>
      {labels.map((label, level) => (
        <span key={label} className={classes.step}>
          <span className={classes.swatch} data-level={level} aria-hidden />
          {label}
        </span>
      ))}
      <span className={classes.hint}>A click, or Enter, lists the meters.</span>
    </p>
  );
}

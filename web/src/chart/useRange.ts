import { useEffect, useId, useMemo, useRef, useState } from 'react';
import { useSearchParams } from 'wouter';
import { withSetting } from '../app/address';
import type { Bucket } from './buckets';
import { type Asked, askedOf, beside, type Span, spanOf, within } from './range';

/** settles is how long a range has to stay as it is before it is asked for, in milliseconds. */
const settles = 250;

/** RangeControl is the range that the charts of a page show together, and what changes it. */
export interface RangeControl {
  /** The charts of a page share their cursor by this name. */
  key: string;
  asked: Asked;
  /** The relative range that is shown; empty for one of dates or times. */
  preset: string;
  /** What is to be seen; undefined for a relative range, of which the answer decides. */
  span: Span | undefined;
  /** A new range has been chosen, and is not asked for yet. */
  pending: boolean;
  by: Bucket | 'auto';
  setBy: (by: Bucket | 'auto') => void;
  setPreset: (preset: string) => void;
  show: (span: Span) => void;
  /** Shows a span as one of many that follow each other: Back leads to what was chosen before them. */
  play: (span: Span) => void;
  step: (way: 1 | -1) => void;
  undo: () => void;
  canUndo: boolean;
  reset: () => void;
  /** What the charts show at the moment, which they report, in seconds. */
  shown: { current: Span | undefined };
  /** The newest hour that the twin knows of ends here. */
  now: { current: number | undefined };
}

type Settings = { range: string; from: string; to: string };

/**
 * useRange keeps the range of a page in its address: `range` for a relative one, `from` and `to`
 * for dates and times. A range that makes no sense is that of the fallback.
 */
export function useRange(fallback: string, presets: readonly string[], zone: string): RangeControl {
  const [search, setSearch] = useSearchParams();
  const [pending, setPending] = useState<Span>();
  const [past, setPast] = useState<Settings[]>([]);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const shown = useRef<Span>(undefined);
  const now = useRef<number>(undefined);
  const key = useId();

  const held: Settings = { range: search.get('range') ?? '', from: search.get('from') ?? '', to: search.get('to') ?? '' };
  const named = presets.includes(held.range) ? held.range : fallback;
  const by = search.get('by');
  const span = useMemo(() => spanOf({ from: held.from, to: held.to }, zone), [held.from, held.to, zone]);
  const asked = useMemo<Asked>(() => (span ? { from: held.from, to: held.to } : { from: named }), [span, held.from, held.to, named]);

  const address = `${held.range} ${held.from} ${held.to}`;
  // biome-ignore lint: what was chosen is asked for, or somebody went elsewhere
  useEffect(() => {
    clearTimeout(timer.current);
    setPending(undefined);
  }, [address]);
  useEffect(() => () => clearTimeout(timer.current), []);

  const write = (next: Settings, replace: boolean) =>
    setSearch((old) => (Object.entries(next) as [string, string][]).reduce((query, [name, value]) => withSetting(query, name, value), old), { replace });
  const change = (next: Settings) => {
    clearTimeout(timer.current);
    setPending(undefined);
    if (next.range === held.range && next.from === held.from && next.to === held.to) return;
    setPast((old) => [...old, held]);
    write(next, false);
  };
  const latest = useRef(change);
  latest.current = change; // by what the address holds when the time comes
  const show = (next: Span) => {
    const wanted = within(next, now.current);
    setPending(wanted);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      const { from, to = '' } = askedOf(wanted, zone);
      latest.current({ range: '', from, to });
    }, settles);
  };
  const start: Settings = { range: '', from: '', to: '' };
  return {
    key,
    asked,
    preset: span ? '' : named,
    span: pending ?? span,
    pending: pending !== undefined,
    by: by === 'hour' || by === 'day' ? by : 'auto',
    setBy: (value) => setSearch((old) => withSetting(old, 'by', value === 'auto' ? '' : value)),
    setPreset: (preset) => change({ ...start, range: preset === fallback ? '' : preset }),
    show,
    play: (next) => {
      clearTimeout(timer.current);
      setPending(undefined);
      const { from, to = '' } = askedOf(within(next, now.current), zone);
      if (held.from !== from || held.to !== to) write({ range: '', from, to }, true);
    },
    step: (way) => {
      const current = pending ?? span ?? shown.current;
      if (current) show(beside(current, way, zone));
    },
    undo: () => {
      const last = past.at(-1);
      if (!last) return;
      clearTimeout(timer.current);
      setPending(undefined);
      setPast(past.slice(0, -1));
      write(last, true);
    },
    canUndo: past.length > 0,
    reset: () => change(start),
    shown,
    now,
  };
}

/** useSpan is what the charts of a page show of an answer with these hours, which a relative range shows from end to end. */
export function useSpan(range: RangeControl, x: number[] | undefined, now: number | undefined): Span | undefined {
  const first = x?.[0];
  const last = x?.at(-1);
  const end = Math.max(last ?? 0, now ?? 0);
  const { span: wanted } = range;
  const span = useMemo<Span | undefined>(() => wanted ?? (first !== undefined && end > first ? [first, end] : undefined), [wanted, first, end]);
  range.shown.current = span;
  range.now.current = now;
  return span;
}

const fewDays = 4.5 * 86_400;

/** ghost reports whether a range is short enough for the day before to be seen beside each. */
export const ghost = (span: Span | undefined): boolean => span !== undefined && span[1] - span[0] <= fewDays;

import 'uplot/dist/uPlot.min.css';
import { useComputedColorScheme } from '@mantine/core';
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import uPlot from 'uplot';
import { day, hourOf } from '../format/time';
import { iso } from './columns';
import { attach, plotsWith, spanOfPlot } from './gestures';
import { Legend, spoken } from './Legend';
import { Markers } from './Markers';
import { clusters, type Marker, type Placed } from './markers';
import { dataOf, defaultHeight, type Drawing, plotOptions } from './plot';
import { type Span, zoomed } from './range';
import { csvOf, fileName, pictureOf, save } from './save';
import { SaveMenu } from './SaveMenu';
import { shades } from './shade';
import classes from './TimeChart.module.css';
import type { RangeControl } from './useRange';

export type { Line } from './plot';

interface Props extends Drawing {
  summary: string; // for those who cannot see the chart
  name?: string | undefined; // what it is of, for files of it
  range?: RangeControl | undefined; // the charts of a page that share it show one time together
  markers?: Marker[] | undefined;
  openMarker?: ((id: string) => void) | undefined;
  step?: number | undefined; // seconds from one point to the next
}

const markerApart = 26; // pixels: what is clicked on has 24
const keyZoom = 1.5;
const day24 = 24;

/**
 * TimeChart draws lines and a band over time, in the zone of the twin. With a range, a drag, the
 * wheel or keys choose what is shown, of all charts that have the same.
 */
export function TimeChart(props: Props) {
  const { x, lines, band, limit, now, span, zone, height = defaultHeight, range, markers, openMarker, name, step = 3_600 } = props;
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const preview = useRef<Span>(undefined);
  const [hover, setHover] = useState<number | null>(null);
  const [spot, setSpot] = useState('');
  const [placed, setPlaced] = useState<Placed[]>([]);
  const scheme = useComputedColorScheme();
  const shape = JSON.stringify([lines.map((l) => [l.label, l.color]), band?.label, zone, height, props.axis, props.compact, range?.key, scheme]);

  const place = (u: uPlot) => {
    const { markers: all } = latest.current;
    if (!all) return;
    const left = u.bbox.left / devicePixelRatio;
    const bottom = u.height - (u.bbox.top + u.bbox.height) / devicePixelRatio; // above the axis of time
    const next = clusters(all, (at) => u.valToPos(at, 'x'), u.bbox.width / devicePixelRatio, markerApart).map((c) => ({ ...c, left: left + c.left, bottom }));
    setPlaced((old) => (JSON.stringify(old) === JSON.stringify(next) ? old : next));
  };

  useEffect(() => {
    const el = host.current;
    if (!el) return;
    const read = () => ({ ...latest.current, preview: preview.current });
    const u = new uPlot(plotOptions(el, read, latest.current.range?.key, { cursor: setHover, drawn: place }), dataOf(latest.current), el);
    plot.current = u;
    const detach = latest.current.range
      ? attach(u, () => ({
          preview(shown) {
            preview.current = shown;
            for (const each of plotsWith(u)) each.setScale('x', { min: shown[0], max: shown[1] });
          },
          show(shown) {
            preview.current = undefined;
            latest.current.range?.show(shown);
          },
          reset: () => latest.current.range?.reset(),
        }))
      : undefined;
    const resize = new ResizeObserver(() => u.setSize({ width: el.clientWidth, height }));
    resize.observe(el);
    return () => {
      resize.disconnect();
      detach?.();
      u.destroy();
      plot.current = undefined;
    };
    // A new shape or colour scheme needs a new chart; new values do not.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [shape]);

  // biome-ignore lint: the marks are read from latest when the chart draws
  useEffect(() => {
    plot.current?.setData(dataOf(latest.current));
  }, [x, lines, band, limit?.value, now, span, markers]);

  const when = (i: number) => {
    const at = x[i];
    if (at === undefined) return '';
    return step >= day24 * 3_600 ? day(iso(at), zone) : `${day(iso(at), zone)}, ${hourOf(iso(at), zone)}`;
  };
  const shown: Span = span ?? [x[0] ?? 0, x.at(-1) ?? 0];
  const shaded = useMemo(() => shades(shown[0], shown[1], zone).length > 0, [shown[0], shown[1], zone]);

  const move = (to: number) => {
    const u = plot.current;
    if (!u) return;
    const i = Math.min(Math.max(to, firstIn(x, shown)), lastIn(x, shown));
    const at = x[i];
    if (at === undefined) return;
    for (const each of plotsWith(u)) each.setCursor({ left: each.valToPos(at, 'x'), top: each.over.clientHeight / 2 });
    setHover(i);
    setSpot(spoken(props, i, when(i)));
  };
  const leave = () => {
    if (plot.current) for (const each of plotsWith(plot.current)) each.setCursor({ left: -10, top: -10 });
    setSpot('');
  };
  const zoom = (factor: number) => {
    const at = hover === null ? undefined : x[hover];
    range?.show(zoomed(shown, at ?? (shown[0] + shown[1]) / 2, factor));
  };
  const keys: Record<string, () => void> = {
    ArrowLeft: () => move((hover ?? x.length) - 1),
    ArrowRight: () => move((hover ?? firstIn(x, shown) - 1) + 1),
    'Ctrl+ArrowLeft': () => move((hover ?? x.length) - day24),
    'Ctrl+ArrowRight': () => move((hover ?? 0) + day24),
    Home: () => move(0),
    End: () => move(x.length - 1),
    Escape: leave,
    ...(range && {
      '+': () => zoom(1 / keyZoom),
      '=': () => zoom(1 / keyZoom),
      '-': () => zoom(keyZoom),
      PageUp: () => range.step(-1),
      PageDown: () => range.step(1),
      Backspace: range.undo,
    }),
  };
  const press = (e: KeyboardEvent) => {
    if (e.target !== e.currentTarget || e.altKey || e.metaKey) return; // a marker has keys of its own
    const act = keys[e.ctrlKey ? `Ctrl+${e.key}` : e.key];
    if (!act) return;
    e.preventDefault();
    e.stopPropagation();
    act();
  };

  const picture = async () => {
    const content = plot.current && (await pictureOf(plot.current, props, `${name}, ${day(iso(shown[0]), zone)} to ${day(iso(shown[1] - 1), zone)}`));
    if (content && name) save(content, fileName(name, shown[0], shown[1], zone, 'png'));
  };
  const table = () => {
    const [from, to] = plot.current ? spanOfPlot(plot.current) : shown;
    if (name) save(new Blob([csvOf(props, from, to)], { type: 'text/csv' }), fileName(name, from, to, zone, 'csv'));
  };

  return (
    <figure className={classes.figure}>
      <figcaption className={classes.legend} data-compact={props.compact || undefined}>
        <Legend drawing={props} index={hover} when={hover === null ? '' : when(hover)} shaded={shaded && !props.compact} />
        {name && <SaveMenu what={name} picture={() => void picture()} table={table} />}
      </figcaption>
      <div
        className={classes.area}
        role="application"
        tabIndex={0}
        aria-label={`Chart. Arrow keys move an hour, with Ctrl a day${range ? '; plus and minus zoom, Backspace undoes' : ''}.`}
        onKeyDown={press}
        onBlur={(e) => e.target === e.currentTarget && leave()}
      >
        <div ref={host} className={classes.plot} style={{ minHeight: height }} role="img" aria-label={props.summary} />
        {openMarker && <Markers clusters={placed} open={openMarker} />}
      </div>
      <span role="status" className={classes.spoken}>
        {spot}
      </span>
    </figure>
  );
}

function firstIn(x: number[], [from]: Span): number {
  const i = x.findIndex((at) => at >= from);
  return i < 0 ? 0 : i;
}

function lastIn(x: number[], [, to]: Span): number {
  return x.findLastIndex((at) => at <= to);
}

import 'uplot/dist/uPlot.min.css';
import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import type { Column } from './columns';
import { clock, day } from '../format/time';
import { iso } from './columns';
import { timeLabels, yRange } from './axes';
import classes from './TimeChart.module.css';

export interface Line {
  label: string;
  values: Column;
  color: string; // name of a CSS variable
  width?: number;
  dash?: number[];
  stepped?: boolean; // the value of a point holds until the next
}

export interface Band {
  label: string;
  low: Column;
  high: Column;
  color: string;
}

export interface Mark {
  label: string;
  value: number;
  color: string;
}

interface Props {
  x: number[];
  lines: Line[];
  band?: Band;
  limit?: Mark | undefined; // a horizontal line
  now?: number | undefined; // a vertical line
  zone: string;
  height?: number;
  axis: string; // what the y axis shows, with its unit
  ticks?: (v: number) => string; // of the y axis; plain numbers if left out
  format: (v: number | null | undefined) => string;
  cursor?: string | undefined; // charts of one name show one hour together
  summary: string; // for those who cannot see the chart
}

/** TimeChart draws lines and a band over time, in the zone of the twin. */
export function TimeChart(props: Props) {
  const { x, lines, band, limit, now, zone, height = 320 } = props;
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const [hover, setHover] = useState<number | null>(null);
  const scheme = useComputedColorScheme();
  const shape = JSON.stringify([lines.map((l) => [l.label, l.color]), band?.label, zone, height, props.axis, scheme]);

  useEffect(() => {
    const el = host.current;
    if (!el) return;
    const u = new uPlot(options(el, latest, setHover), data(latest.current), el);
    plot.current = u;
    const resize = new ResizeObserver(() => u.setSize({ width: el.clientWidth, height }));
    resize.observe(el);
    return () => {
      resize.disconnect();
      u.destroy();
      plot.current = undefined;
    };
    // A new shape or colour scheme needs a new chart; new values do not.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [shape]);

  // biome-ignore lint: the marks are read from latest when the chart draws
  useEffect(() => {
    plot.current?.setData(data(latest.current));
  }, [x, lines, band, limit?.value, now]);

  const at = hover === null ? undefined : x[hover];
  return (
    <figure className={classes.figure}>
      <Legend {...props} hover={hover} when={at === undefined ? '' : `${day(iso(at), zone)}, ${clock(iso(at), zone)}`} />
      <div ref={host} className={classes.plot} style={{ minHeight: height }} role="img" aria-label={props.summary} />
    </figure>
  );
}

function Legend({ lines, band, limit, hover, when, format }: Props & { hover: number | null; when: string }) {
  const value = (c: Column) => (hover === null ? '' : format(c[hover]));
  return (
    <figcaption className={classes.legend}>
      {lines.map((l) => (
        <span key={l.label} className={classes.entry}>
          <svg width="18" height="8" aria-hidden="true">
            <line x1="0" y1="4" x2="18" y2="4" stroke={`var(${l.color})`} strokeWidth={l.width ?? 2} strokeDasharray={l.dash?.join(' ')} />
          </svg>
          {l.label} <b>{value(l.values)}</b>
        </span>
      ))}
      {band && (
        <span className={classes.entry}>
          <svg width="18" height="10" aria-hidden="true">
            <rect width="18" height="10" rx="2" fill={`var(${band.color})`} />
          </svg>
          {band.label} <b>{hover === null ? '' : `${value(band.low)} – ${value(band.high)}`}</b>
        </span>
      )}
      {limit && (
        <span className={classes.entry}>
          <svg width="18" height="8" aria-hidden="true">
            <line x1="0" y1="4" x2="18" y2="4" stroke={`var(${limit.color})`} strokeWidth="1.5" />
          </svg>
          {limit.label} <b>{format(limit.value)}</b>
        </span>
      )}
      <span className={classes.when}>{when}</span>
    </figcaption>
  );
}

function data(p: Props): uPlot.AlignedData {
  const columns: Column[] = p.lines.map((l) => l.values);
  if (p.band) columns.unshift(p.band.high, p.band.low);
  return [p.x, ...columns] as uPlot.AlignedData;
}

const stepped = uPlot.paths.stepped!({ align: 1 });

type Latest = { current: Props };

function options(el: HTMLElement, latest: Latest, setHover: (i: number | null) => void): uPlot.Options {
  const p = latest.current;
  const { ticks } = p;
  const style = getComputedStyle(el);
  const color = (name: string) => style.getPropertyValue(name).trim();
  const font = `12px ${style.fontFamily}`;
  const axis = {
    stroke: color('--text-dim'),
    font,
    labelFont: font,
    grid: { stroke: color('--line-faint'), width: 1 },
    ticks: { show: false },
  };
  const series: uPlot.Series[] = [{}];
  if (p.band) series.push({ width: 0, points: { show: false } }, { width: 0, points: { show: false } });
  for (const l of p.lines) {
    series.push({ label: l.label, stroke: color(l.color), width: l.width ?? 2, dash: l.dash ?? [], points: { show: false }, ...(l.stepped && { paths: stepped }) });
  }
  return {
    width: el.clientWidth,
    height: p.height ?? 320,
    padding: [12, 8, 0, 0],
    legend: { show: false },
    tzDate: (t) => uPlot.tzDate(new Date(t * 1000), p.zone),
    cursor: { drag: { x: false, y: false }, points: { size: 7 }, ...(p.cursor !== undefined && { sync: { key: p.cursor } }) },
    scales: { y: { range: (_, low, high) => yRange(low, high, latest.current.limit?.value) } },
    series,
    bands: p.band ? [{ series: [1, 2], fill: color(p.band.color) }] : [],
    axes: [
      { ...axis, values: (_, splits, _i, _space, step) => timeLabels(splits, step, p.zone), space: 64, size: 40 },
      { ...axis, label: p.axis, labelSize: 22, size: 52, space: (p.height ?? 320) < 160 ? 20 : 44, ...(ticks && { values: (_: uPlot, splits: number[]) => splits.map(ticks) }) },
    ],
    hooks: {
      setCursor: [(u) => setHover(u.cursor.idx ?? null)],
      draw: [(u) => drawMarks(u, latest.current, color, font)],
    },
  };
}

function drawMarks(u: uPlot, p: Props, color: (name: string) => string, font: string): void {
  const { ctx, bbox } = u;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.lineWidth = 1.5 * ratio;
  if (p.limit) {
    const y = Math.round(u.valToPos(p.limit.value, 'y', true));
    ctx.strokeStyle = color(p.limit.color);
    line(ctx, bbox.left, y, bbox.left + bbox.width, y);
  }
  if (p.now !== undefined) {
    const x = Math.round(u.valToPos(p.now, 'x', true));
    if (x >= bbox.left && x <= bbox.left + bbox.width) {
      ctx.strokeStyle = color('--text-dim');
      ctx.setLineDash([2 * ratio, 3 * ratio]);
      line(ctx, x, bbox.top, x, bbox.top + bbox.height);
      ctx.fillStyle = color('--text-dim');
      ctx.font = font.replace('12px', `${12 * ratio}px`);
      const gap = 5 * ratio;
      const fits = x + gap + ctx.measureText('now').width <= bbox.left + bbox.width;
      ctx.textAlign = fits ? 'left' : 'right';
      ctx.textBaseline = 'top';
      ctx.fillText('now', fits ? x + gap : x - gap, bbox.top);
    }
  }
  ctx.restore();
}

function line(ctx: CanvasRenderingContext2D, x0: number, y0: number, x1: number, y1: number): void {
  ctx.beginPath();
  ctx.moveTo(x0, y0);
  ctx.lineTo(x1, y1);
  ctx.stroke();
}

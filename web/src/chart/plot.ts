import uPlot from 'uplot';
import { timeAxisSize, timeLabels, yRange } from './axes';
import type { Column } from './columns';
import { drawMarks, drawShades } from './draw';
import { cursorOptions } from './gestures';
import type { Span } from './range';

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

/** Drawing is what a chart shows. */
export interface Drawing {
  x: number[]; // seconds since 1970
  lines: Line[];
  band?: Band | undefined;
  limit?: Mark | undefined; // a horizontal line
  now?: number | undefined; // a vertical line
  span?: Span | undefined; // what is to be seen of x; all of it if left out
  zone: string;
  height?: number | undefined;
  axis: string; // what the y axis shows, with its unit
  ticks?: ((v: number) => string) | undefined; // of the y axis; plain numbers if left out
  format: (v: number | null | undefined) => string;
  compact?: boolean | undefined; // without an axis of time: it stands below a chart that has one
}

export const defaultHeight = 320;

/** dataOf are the columns in the order of the series. */
export function dataOf(d: Drawing): uPlot.AlignedData {
  const columns: Column[] = d.lines.map((l) => l.values);
  if (d.band) columns.unshift(d.band.high, d.band.low);
  return [d.x, ...columns] as uPlot.AlignedData;
}

const stepped = uPlot.paths.stepped!({ align: 1 });

/** Watching is what a chart does when its plot has changed. */
export interface Watching {
  cursor: (index: number | null) => void;
  drawn: (u: uPlot) => void;
}

/**
 * plotOptions are those of a drawing. What changes often, its values, marks and span, is read from
 * latest at each drawing.
 */
export function plotOptions(el: HTMLElement, latest: () => Drawing & { preview: Span | undefined }, key: string | undefined, watching: Watching): uPlot.Options {
  const d = latest();
  const { ticks } = d;
  const height = d.height ?? defaultHeight;
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
  if (d.band) series.push({ width: 0, points: { show: false } }, { width: 0, points: { show: false } });
  for (const l of d.lines) {
    series.push({ label: l.label, stroke: color(l.color), width: l.width ?? 2, dash: l.dash ?? [], points: { show: false }, ...(l.stepped && { paths: stepped }) });
  }
  return {
    width: el.clientWidth,
    height,
    padding: [d.compact ? 6 : 12, 16, d.compact ? 4 : 0, 0], // at the right for half of the last hour’s name
    legend: { show: false },
    tzDate: (t) => uPlot.tzDate(new Date(t * 1000), d.zone),
    cursor: cursorOptions(key),
    scales: {
      x: {
        range: (_, low, high) => {
          const { preview, span } = latest();
          return preview ?? span ?? [low, high];
        },
      },
      y: { range: (_, low, high) => yRange(low, high, latest().limit?.value) },
    },
    series,
    bands: d.band ? [{ series: [1, 2], fill: color(d.band.color) }] : [],
    axes: [
      { ...axis, show: !d.compact, values: (_, splits, _i, _space, step) => timeLabels(splits, step, d.zone), space: 80, size: (_, labels) => timeAxisSize(labels) },
      { ...axis, label: d.axis, labelSize: 22, size: 52, space: d.compact ? 16 : height < 160 ? 20 : 44, ...(ticks && { values: (_: uPlot, splits: number[]) => splits.map(ticks) }) },
    ],
    hooks: {
      setCursor: [(u) => watching.cursor(u.cursor.idx ?? null)],
      drawClear: [(u) => drawShades(u, d.zone, color)],
      draw: [
        (u) => {
          drawMarks(u, latest(), color, font);
          watching.drawn(u);
        },
      ],
    },
  };
}

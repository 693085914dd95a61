import type uPlot from 'uplot';
import { dateOf } from '../format/zone';
import { iso } from './columns';
import type { Drawing } from './plot';

// What a chart shows, as a file: nothing is asked for again.

/** csvOf is a table of what is drawn in a range: times in UTC, and an empty field where nothing is known. */
export function csvOf({ x, lines, band }: Drawing, from: number, to: number): string {
  const columns = [
    ...lines.map((l) => ({ name: l.label, values: l.values })),
    ...(band ? [{ name: `${band.label}, low`, values: band.low }, { name: `${band.label}, high`, values: band.high }] : []),
  ];
  const rows = [['at', ...columns.map((c) => c.name)].map(quoted).join(',')];
  x.forEach((at, i) => {
    if (at < from || at > to) return;
    rows.push([iso(at), ...columns.map((c) => c.values[i] ?? '')].join(','));
  });
  return `${rows.join('\r\n')}\r\n`;
}

const quoted = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** fileName is that of a chart of something in a range. */
export function fileName(what: string, from: number, to: number, zone: string, end: 'csv' | 'png'): string {
  const plain = what.toLowerCase().replace(/[^\p{L}\p{N}._-]+/gu, '-');
  return `${plain}-${dateOf(from, zone)}-${dateOf(to - 1, zone)}.${end}`;
}

/** save hands a file to the browser. */
export function save(content: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000); // the browser may still read it
}

/** pictureOf is a chart with its title and its legend. */
export function pictureOf(u: uPlot, d: Drawing, title: string): Promise<Blob | null> {
  const plot = u.ctx.canvas;
  const ratio = devicePixelRatio;
  const style = getComputedStyle(u.root);
  const color = (name: string) => style.getPropertyValue(name).trim();
  const head = 58 * ratio;
  const edge = 16 * ratio;
  const picture = document.createElement('canvas');
  picture.width = plot.width + 2 * edge;
  picture.height = plot.height + head + edge;
  const ctx = picture.getContext('2d')!;
  ctx.fillStyle = color('--card');
  ctx.fillRect(0, 0, picture.width, picture.height);
  ctx.fillStyle = color('--text');
  ctx.textBaseline = 'middle';
  ctx.font = `600 ${14 * ratio}px ${style.fontFamily}`;
  ctx.fillText(title, edge, edge + 4 * ratio);
  ctx.font = `${12 * ratio}px ${style.fontFamily}`;
  let left = edge;
  const middle = edge + 28 * ratio;
  const entry = (label: string, tone: string, dash: number[], width: number) => {
    ctx.strokeStyle = color(tone);
    ctx.lineWidth = width * ratio;
    ctx.setLineDash(dash.map((v) => v * ratio));
    ctx.beginPath();
    ctx.moveTo(left, middle);
    ctx.lineTo(left + 18 * ratio, middle);
    ctx.stroke();
    ctx.fillStyle = color('--text-dim');
    ctx.fillText(label, left + 24 * ratio, middle);
    left += 44 * ratio + ctx.measureText(label).width;
  };
  for (const l of d.lines) entry(l.label, l.color, l.dash ?? [], l.width ?? 2);
  if (d.band) entry(d.band.label, d.band.color, [], 10);
  if (d.limit) entry(`${d.limit.label} ${d.format(d.limit.value)}`, d.limit.color, [], 1.5);
  ctx.drawImage(plot, edge, head);
  return new Promise((resolve) => picture.toBlob(resolve, 'image/png'));
}

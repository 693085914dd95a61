import type uPlot from 'uplot';
import type { Drawing } from './plot';
import { type Shade, shades } from './shade';

// What a chart shows beside its lines.

type Color = (name: string) => string;

let last: { key: string; shades: Shade[] } = { key: '', shades: [] };

/** shadesOf are those of a range; the charts of a page ask for the same one, one after the other. */
function shadesOf(from: number, to: number, zone: string): Shade[] {
  const key = `${from} ${to} ${zone}`;
  if (last.key !== key) last = { key, shades: shades(from, to, zone) };
  return last.shades;
}

/** drawShades darkens nights and weekends below the lines. */
export function drawShades(u: uPlot, zone: string, color: Color): void {
  const { ctx, bbox } = u;
  const { min, max } = u.scales.x ?? {};
  if (min == null || max == null) return;
  ctx.save();
  for (const s of shadesOf(min, max, zone)) {
    const from = Math.max(bbox.left, u.valToPos(s.from, 'x', true));
    const to = Math.min(bbox.left + bbox.width, u.valToPos(s.to, 'x', true));
    if (to <= from) continue;
    ctx.fillStyle = color(s.kind === 'night' ? '--shade-night' : '--shade-weekend');
    ctx.fillRect(from, bbox.top, to - from, bbox.height);
  }
  ctx.restore();
}

/** drawMarks draws the limit, and where now is, above the lines. */
export function drawMarks(u: uPlot, d: Drawing, color: Color, font: string): void {
  const { ctx, bbox } = u;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.lineWidth = 1.5 * ratio;
  if (d.limit) {
    const y = Math.round(u.valToPos(d.limit.value, 'y', true));
    ctx.strokeStyle = color(d.limit.color);
    line(ctx, bbox.left, y, bbox.left + bbox.width, y);
  }
  if (d.now !== undefined) drawNow(u, d.now, !d.compact, color, font);
  ctx.restore();
}

function drawNow(u: uPlot, now: number, named: boolean, color: Color, font: string): void {
  const { ctx, bbox } = u;
  const ratio = devicePixelRatio;
  const right = bbox.left + bbox.width;
  let x = Math.round(u.valToPos(now, 'x', true));
  if (x < bbox.left || x > right + 1) return; // it is not in the range that is shown
  x = Math.min(x, right - ratio); // a line on the edge would be cut in half
  ctx.strokeStyle = color('--text-dim');
  ctx.setLineDash([2 * ratio, 3 * ratio]);
  line(ctx, x, bbox.top, x, bbox.top + bbox.height);
  if (!named) return;
  ctx.font = font.replace('12px', `${12 * ratio}px`);
  const gap = 4 * ratio;
  const width = ctx.measureText('now').width;
  const left = x + gap + width + gap <= right ? x + gap : x - gap - width;
  ctx.fillStyle = color('--card'); // lines below the word would make it hard to read
  ctx.globalAlpha = 0.8;
  ctx.fillRect(left - gap / 2, bbox.top, width + gap, 14 * ratio);
  ctx.globalAlpha = 1;
  ctx.fillStyle = color('--text-dim');
  ctx.textAlign = 'left';
  ctx.textBaseline = 'top';
  ctx.fillText('now', left, bbox.top + ratio);
}

function line(ctx: CanvasRenderingContext2D, x0: number, y0: number, x1: number, y1: number): void {
  ctx.beginPath();
  ctx.moveTo(x0, y0);
  ctx.lineTo(x1, y1);
  ctx.stroke();
}

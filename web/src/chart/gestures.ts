import uPlot from 'uplot';
import { type Span, zoomed } from './range';

/** Gestures are what a pointer does to the range of charts. */
export interface Gestures {
  /** preview draws a range while a gesture goes on. */
  preview: (span: Span) => void;
  /** show is the range that a gesture has ended with. */
  show: (span: Span) => void;
  reset: () => void;
}

const leastBrush = 5; // pixels
const wheelStep = 1.25;

/** spanOfPlot is the range that a plot shows. */
export function spanOfPlot(u: uPlot): Span {
  return [u.scales.x?.min ?? 0, u.scales.x?.max ?? 1];
}

/** cursorOptions have a drag choose a range, which the chart is asked for then, and leave a drag with Shift to pan. */
export function cursorOptions(key: string | undefined): uPlot.Cursor {
  return {
    drag: { x: true, y: false, setScale: false, dist: leastBrush },
    points: { size: 7 },
    bind: {
      mousedown: (_u, _target, handler) => (e: MouseEvent) => {
        if (e.button === 0 && !e.shiftKey) handler(e);
        return null;
      },
      dblclick: () => () => null,
    },
    ...(key !== undefined && { sync: { key } }),
  };
}

/**
 * attach listens to a plot: a drag shows what it covers, a drag with Shift or the middle button
 * moves, the wheel with Ctrl zooms about the pointer, and a double click resets. The wheel alone
 * scrolls the page.
 */
export function attach(u: uPlot, gestures: () => Gestures): () => void {
  const ended = new AbortController();
  const { signal } = ended;
  const on = <K extends keyof HTMLElementEventMap>(name: K, listener: (e: HTMLElementEventMap[K]) => void, passive = true) =>
    u.over.addEventListener(name, listener, { signal, passive });
  let brushing = false;

  on('mousedown', (e) => {
    brushing = e.button === 0 && !e.shiftKey;
    if (brushing || (e.button !== 1 && e.button !== 0)) return;
    e.preventDefault();
    pan(u, e, gestures, signal);
  }, false);

  u.hooks.setSelect = [
    (plot) => {
      const { left, width } = plot.select;
      if (!brushing || width < leastBrush) return;
      brushing = false;
      gestures().show([plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')]);
      for (const each of plotsWith(plot)) each.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    },
  ];

  on('dblclick', () => gestures().reset());
  on('wheel', (e) => {
    if (!e.ctrlKey && !e.metaKey) return;
    e.preventDefault();
    const about = u.posToVal(e.clientX - u.over.getBoundingClientRect().left, 'x');
    gestures().show(zoomed(spanOfPlot(u), about, e.deltaY > 0 ? wheelStep : 1 / wheelStep));
  }, false);
  return () => ended.abort();
}

function pan(u: uPlot, start: MouseEvent, gestures: () => Gestures, signal: AbortSignal): void {
  const [from, to] = spanOfPlot(u);
  const perPixel = (to - from) / u.over.clientWidth;
  const moved = (e: MouseEvent): Span => {
    const by = (start.clientX - e.clientX) * perPixel;
    return [from + by, to + by];
  };
  const over = new AbortController();
  const until = { signal: AbortSignal.any([over.signal, signal]) };
  document.addEventListener('mousemove', (e) => gestures().preview(moved(e)), until);
  document.addEventListener('mouseup', (e) => {
    over.abort();
    gestures().show(moved(e));
  }, until);
}

/** plotsWith are the plots that share a cursor with one, and itself. */
export function plotsWith(u: uPlot): uPlot[] {
  const key = u.cursor.sync?.key;
  return key ? uPlot.sync(key).plots : [u];
}

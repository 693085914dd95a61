import { clock, day } from '../format/time';
import { iso } from './columns';

/** yRange starts at 0 unless there is export, and keeps the limit in sight. */
export function yRange(low: number | null, high: number | null, limit?: number): [number, number] {
  const top = Math.max(high ?? 0, limit ?? 0) * 1.08 || 1;
  return [Math.min(0, (low ?? 0) * 1.08), top];
}

/**
 * timeLabels puts the date under the first tick of each day. A first day of
 * which only one tick is seen has no room for its date.
 */
export function timeLabels(ticks: number[], step: number, zone: string): string[] {
  const dates = ticks.map((t) => day(iso(t), zone));
  return ticks.map((t, i) => {
    if (step >= 86_400) return dates[i] ?? '';
    const first = dates[i] !== dates[i - 1];
    const cramped = i === 0 && dates[1] !== dates[0];
    return first && !cramped ? `${clock(iso(t), zone)}\n${dates[i]}` : clock(iso(t), zone);
  });
}

/** timeAxisSize is the height that labels take below a chart, in pixels: one line where a tick is a day. */
export function timeAxisSize(labels: string[] | null): number {
  return labels && !labels.some((label) => label.includes('\n')) ? 26 : 40;
}

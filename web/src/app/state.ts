import type { Schemas } from '../api/client';

type Twin = Schemas['Twin'];

/** hasEnded reports whether a replay has reached the end of its dataset: its last day stays as it is. */
export const hasEnded = (twin: Pick<Twin, 'mode' | 'progress'>): boolean => twin.mode === 'Replay' && (twin.progress ?? 0) >= 1;

/** clockNote is what the twin's clock does, in two or three words. */
export function clockNote(twin: Pick<Twin, 'mode' | 'progress' | 'freshness'>): string {
  if (hasEnded(twin)) return 'the replay has ended';
  switch (twin.freshness.status) {
    case 'empty':
      return twin.mode === 'Off' ? 'waiting for readings from outside' : 'waiting for readings';
    case 'stale':
      return twin.mode === 'Off' ? 'no new readings from outside' : 'no new readings';
    default:
      return 'up to date';
  }
}

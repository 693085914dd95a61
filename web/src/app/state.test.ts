import { expect, test } from 'vitest';
import { clockNote } from './state';

const twin = (mode: 'Replay' | 'Loop' | 'Live' | 'Off', status: 'fresh' | 'stale' | 'empty', progress: number | null = null) => ({
  mode, progress, freshness: { status, newestReadingAt: null, writtenAt: null },
});

test.each([
  [twin('Replay', 'fresh', 0.4), 'up to date'],
  [twin('Replay', 'fresh', 1), 'the replay has ended'],
  [twin('Replay', 'stale', 1), 'the replay has ended'],
  [twin('Loop', 'fresh', 1), 'up to date'],
  [twin('Replay', 'stale', 0.4), 'no new readings'],
  [twin('Off', 'empty'), 'waiting for readings from outside'],
  [twin('Off', 'stale'), 'no new readings from outside'],
  [twin('Live', 'empty'), 'waiting for readings'],
])('%o', (t, want) => expect(clockNote(t)).toBe(want));

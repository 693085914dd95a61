import type { Kind } from './live';

// Which questions an event makes worth asking again, and how often they are.

/** affected are the first parts of the keys of questions that an event changes the answers of. */
const affected: Record<Kind, string[]> = {
  state: ['twin', 'load', 'groups', 'meters', 'meter', 'operations', 'kpis'],
  forecast: ['load', 'groups', 'meters', 'meter'],
  decision: ['decisions', 'decision', 'meters', 'meter', 'kpis'],
  limit: ['groups', 'decisions'],
  alert: ['quality', 'groups'],
  reset: ['twin', 'load', 'groups', 'meters', 'meter', 'operations', 'kpis', 'decisions', 'decision', 'quality'],
};

/** pause is the least time between two rounds of questions, in milliseconds. */
export const pause = 15_000;

/** Question is one that is on the page. */
export interface Question {
  root: string;
  /** When it was answered, in milliseconds since 1970. */
  answered: number;
}

/**
 * Refresher decides what to ask again, and when. All that events have changed is asked for in one
 * round, so that a page shows one time and not one for each of its parts.
 */
export class Refresher {
  private readonly dirty = new Map<string, number>();
  private last = -Infinity;

  /** note takes an event. */
  note(kind: Kind, now: number): void {
    for (const root of affected[kind]) this.dirty.set(root, now);
  }

  /** round is the questions to ask now; none while the last round is too recent. */
  round<Q extends Question>(onPage: Q[], now: number): Q[] {
    if (now - this.last < pause) return [];
    const changed = onPage.filter((q) => (this.dirty.get(q.root) ?? 0) > q.answered);
    if (changed.length > 0) this.last = now;
    return changed;
  }
}

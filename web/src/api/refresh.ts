import type { Kind } from './live';

// Which questions an event makes worth asking again, and how often they are.

/** affected are the first parts of the keys of questions that an event changes the answers of. */
const affected: Record<Kind, string[]> = {
  state: ['twin', 'load', 'prices', 'groups', 'meters', 'meter', 'operations', 'kpis', 'accuracy'],
  forecast: ['load', 'groups', 'meters', 'meter'],
  decision: ['decisions', 'decision', 'meters', 'meter', 'kpis'],
  limit: ['groups', 'decisions'],
  alert: ['quality', 'groups'],
  reset: ['twin', 'load', 'prices', 'groups', 'meters', 'meter', 'operations', 'kpis', 'accuracy', 'decisions', 'decision', 'quality'],
};

/** urgency is how soon a question is asked again beside the others: the twin's own time comes with each event, and sums of a week or a month move slowly. */
const urgency: Record<string, number> = { load: 8, prices: 8, meter: 8, meters: 6, decisions: 6, decision: 6, operations: 6, groups: 4, kpis: 2, twin: 1, quality: 1, accuracy: 1 };

/** pause is the least time between two rounds of questions, in milliseconds. */
export const pause = 60_000;

/**
 * most is how many questions are asked in a round. With the one that the connection is watched by,
 * a page that nobody touches sends five requests a minute.
 */
export const most = 4;

/** Question is one that is on the page. */
export interface Question {
  root: string;
  /** When it was answered, in milliseconds since 1970. */
  answered: number;
}

/**
 * Refresher decides what to ask again, and when. Of what events have changed, a round asks for what
 * is most urgent, and the rest follows in the next ones: what has waited longer is more urgent.
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
    const waits = (q: Q) => (now - q.answered) * (urgency[q.root] ?? 1);
    const changed = onPage.filter((q) => (this.dirty.get(q.root) ?? 0) > q.answered);
    if (changed.length > 0) this.last = now;
    return changed.sort((a, b) => waits(b) - waits(a)).slice(0, most);
  }
}

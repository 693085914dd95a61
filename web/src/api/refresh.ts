import type { Kind } from './live';

// Which questions an event makes worth asking again, and how often they are.

/** affected are the first parts of the keys of questions that an event changes the answers of. */
const affected: Record<Kind, string[]> = {
  state: ['twin', 'load', 'groups', 'meters', 'operations', 'kpis'],
  forecast: ['load', 'groups', 'meters', 'accuracy'],
  decision: ['decisions', 'meters', 'kpis'],
  limit: ['groups', 'decisions'],
  alert: ['quality', 'groups'],
  reset: ['twin', 'load', 'groups', 'meters', 'operations', 'kpis', 'accuracy', 'decisions', 'quality'],
};

/** perMinute bounds the questions that events lead to; pause is the time for one of them, in milliseconds. */
const perMinute = 4;
export const pause = 60_000 / perMinute;

/** Question is one that is on the page. */
export interface Question {
  root: string;
  /** When it was answered, in milliseconds since 1970. */
  answered: number;
}

/** Refresher decides what to ask again, and when. */
export class Refresher {
  private readonly dirty = new Map<string, number>();
  private allowance = perMinute;
  private refilled: number;

  constructor(now: number) {
    this.refilled = now;
  }

  /** note takes an event. */
  note(kind: Kind, now: number): void {
    for (const root of affected[kind]) this.dirty.set(root, now);
  }

  /** next is the question to ask now, the one with the oldest answer; undefined for none. */
  next<Q extends Question>(onPage: Q[], now: number): Q | undefined {
    const earned = Math.floor((now - this.refilled) / pause);
    if (earned > 0) {
      this.allowance = Math.min(perMinute, this.allowance + earned);
      this.refilled += earned * pause;
    }
    if (this.allowance < 1) return undefined;
    let oldest: Q | undefined;
    for (const q of onPage) {
      if ((this.dirty.get(q.root) ?? 0) > q.answered && q.answered < (oldest?.answered ?? Infinity)) oldest = q;
    }
    if (oldest) this.allowance--;
    return oldest;
  }
}

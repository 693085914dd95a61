import { expect, test } from 'vitest';
import { pause, Refresher } from './refresh';

const start = 1_000_000;

test('an event has the oldest of the answers that it changes asked for again', () => {
  const r = new Refresher(start);
  const onPage = [
    { root: 'groups', answered: start - 20 },
    { root: 'load', answered: start - 30 },
    { root: 'spec', answered: start - 40 },
  ];
  expect(r.next(onPage, start)).toBeUndefined();
  r.note('limit', start);
  expect(r.next(onPage, start)?.root).toBe('groups');
  r.note('state', start);
  expect(r.next(onPage, start)?.root).toBe('load');
  const fresh = onPage.map((q) => ({ ...q, answered: start + 1 }));
  expect(r.next(fresh, start + 2)).toBeUndefined();
});

test('however many events come, few questions are asked', () => {
  const r = new Refresher(start);
  const onPage = ['twin', 'load', 'groups', 'decisions', 'kpis', 'quality'].map((root) => ({ root, answered: 0 }));
  let asked = 0;
  const minutes = 10;
  for (let now = start; now < start + minutes * 60_000; now += 500) {
    r.note('state', now);
    r.note('decision', now);
    const q = r.next(onPage, now);
    if (!q) continue;
    q.answered = now;
    asked++;
  }
  expect(asked).toBeLessThanOrEqual(4 * minutes + 4);
  expect(asked).toBeGreaterThan(3 * minutes);
  expect(onPage.filter((q) => q.answered > start + (minutes - 3) * 60_000).map((q) => q.root)).toEqual(['twin', 'load', 'groups', 'decisions', 'kpis']);
  expect(pause).toBe(15_000);
});

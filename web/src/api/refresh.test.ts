import { expect, test } from 'vitest';
import { pause, Refresher } from './refresh';

const start = 1_000_000;
const roots = (questions: { root: string }[]) => questions.map((q) => q.root);

test('all that an event changes is asked for at once, and nothing else', () => {
  const r = new Refresher();
  const onPage = ['twin', 'load', 'groups', 'spec'].map((root) => ({ root, answered: start - 20 }));
  expect(r.round(onPage, start)).toEqual([]);
  r.note('state', start);
  expect(roots(r.round(onPage, start))).toEqual(['twin', 'load', 'groups']);
  const fresh = onPage.map((q) => ({ ...q, answered: start + 1 }));
  expect(r.round(fresh, start + pause)).toEqual([]);
});

test('however many events come, there is a round in a while, and none of it is forgotten', () => {
  const r = new Refresher();
  const onPage = ['twin', 'load', 'decisions'].map((root) => ({ root, answered: 0 }));
  const minutes = 10;
  let rounds = 0;
  for (let now = start; now < start + minutes * 60_000; now += 500) {
    r.note('state', now);
    r.note('decision', now);
    const asked = r.round(onPage, now);
    if (asked.length === 0) continue;
    rounds++;
    expect(roots(asked)).toEqual(['twin', 'load', 'decisions']);
    for (const q of asked) q.answered = now;
  }
  expect(rounds).toBe((minutes * 60_000) / pause);
});

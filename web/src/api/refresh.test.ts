import { expect, test } from 'vitest';
import { most, pause, Refresher } from './refresh';

const start = 1_000_000;
const roots = (questions: { root: string }[]) => questions.map((q) => q.root);

test('what an event changes is asked for at once, the most urgent first, and nothing else', () => {
  const r = new Refresher();
  const onPage = ['twin', 'load', 'groups', 'spec'].map((root) => ({ root, answered: start - 20 }));
  expect(r.round(onPage, start)).toEqual([]);
  r.note('state', start);
  expect(roots(r.round(onPage, start))).toEqual(['load', 'groups', 'twin']);
  const fresh = onPage.map((q) => ({ ...q, answered: start + 1 }));
  expect(r.round(fresh, start + pause)).toEqual([]);
});

test('however many events come, a minute has few questions, and none is forgotten', () => {
  const r = new Refresher();
  const onPage = ['twin', 'load', 'prices', 'groups', 'kpis', 'kpis', 'accuracy', 'quality', 'decisions'].map((root) => ({ root, answered: start }));
  const asked: { root: string; at: number }[] = [];
  const oldest = new Map<string, number>();
  for (let now = start; now < start + 3_600_000; now += 500) {
    for (const kind of ['state', 'decision', 'alert'] as const) r.note(kind, now);
    for (const q of r.round(onPage, now)) {
      oldest.set(q.root, Math.max(oldest.get(q.root) ?? 0, now - q.answered));
      q.answered = now;
      asked.push({ root: q.root, at: now });
    }
  }
  const minutes = new Map<number, number>();
  for (const { at } of asked) minutes.set(Math.floor((at - start) / 60_000), (minutes.get(Math.floor((at - start) / 60_000)) ?? 0) + 1);
  expect(Math.max(...minutes.values())).toBe(most);
  expect(oldest.size).toBe(8);
  expect(oldest.get('load')).toBeLessThanOrEqual(2 * pause);
  expect(Math.max(...oldest.values())).toBeLessThanOrEqual(10 * pause);
});

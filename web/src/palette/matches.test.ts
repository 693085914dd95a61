import { expect, test } from 'vitest';
import { matching, pages } from './matches';

const labels = (text: string) => matching(pages, text, 3).map((m) => m.label);

test('a page is found by a part of its name in any case', () => {
  expect(labels('QUAL')).toEqual(['Data quality']);
});

test('what begins with the text comes first', () => {
  expect(labels('o')[0]).toBe('Overview');
  expect(labels('op')).toEqual(['Operations']);
});

test('all words have to be there, in the label or its note', () => {
  const plans = [{ to: '/decisions/1', label: 'home-7', note: 'Charge the battery at 02:00' }];
  expect(matching(plans, 'battery home', 3)).toEqual(plans);
  expect(matching(plans, 'battery pump', 3)).toEqual([]);
});

test('without a text the first ones are offered', () => {
  expect(labels('')).toEqual(['Overview', 'Groups', 'Decisions']);
});

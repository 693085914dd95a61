import { describe, expect, test } from 'vitest';
import { addressOf, lastName, withSetting } from './address';

describe('names in paths', () => {
  test.each(['home-1', '100%', 'id%20x', 'a/b', 'a%2Fb', 'é ü', '?#&', '%'])('%s is found again', (name) =>
    expect(lastName(`/twins/riverside/ui${addressOf('meters', name)}`)).toBe(name),
  );
  test('what is not well-formed has no name', () => expect(lastName('/ui/meters/100%')).toBeNull());
});

test('a setting is written, and its absence too', () => {
  const query = new URLSearchParams('q=a&status=gap');
  expect(withSetting(query, 'sort', 'id').toString()).toBe('q=a&status=gap&sort=id');
  expect(withSetting(query, 'q', '').toString()).toBe('status=gap');
  expect(query.toString()).toBe('q=a&status=gap');
});

import { expect, test } from 'vitest';
import { commands } from './reproduce';

test('the commands name the twin and its hash', () => {
  const [get, run, check] = commands({ namespace: 'grid', name: 'north' }, '3f9c');
  expect(get?.command).toBe('kubectl -n grid get digitaltwin north -o yaml > twin.yaml');
  expect(run?.command).toContain('energytwin local -f twin.yaml');
  expect(check?.command).toContain('grep -o 3f9c');
  expect(commands({ namespace: '', name: 'north' }, '')[0]?.command).toBe('kubectl get digitaltwin north -o yaml > twin.yaml');
});

import { describe, expect, it } from 'vitest';
import { plainName, startOf } from './start';

describe('startOf', () => {
  it('comes back to the view that is open', () => {
    const root = new URL('https://a.org/twins/north/');
    expect(startOf(root, '/sign-in', { pathname: '/twins/north/ui/meters', search: '?status=stale' })).toBe(
      'https://a.org/twins/north/sign-in?next=%2Fui%2Fmeters%3Fstatus%3Dstale',
    );
  });
  it('needs no view for the first page', () => {
    const root = new URL('https://a.org/');
    expect(startOf(root, '/sign-in', { pathname: '/ui', search: '' })).toBe('https://a.org/sign-in');
    expect(startOf(root, '/sign-in', { pathname: '/ui/', search: '' })).toBe('https://a.org/sign-in');
  });
});

describe('plainName', () => {
  it('leaves the names of keys', () => {
    expect(plainName('charger-12')).toBe('charger-12');
    expect(plainName('oidc:alice@example.org')).toBe('alice@example.org');
  });
});

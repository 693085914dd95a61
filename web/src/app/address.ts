import { useLocation, useSearchParams } from 'wouter';

// What a page shows is in its address: a link opens what was seen, and Back undoes a choice.

/**
 * useSetting is a choice that is kept in the query of the address. What the address holds is
 * one of the allowed values, or the fallback; the fallback itself is not written.
 */
export function useSetting<T extends string>(name: string, fallback: T, allowed?: readonly T[]): [T, (value: T, typing?: boolean) => void] {
  const [search, setSearch] = useSearchParams();
  const held = search.get(name) as T | null;
  const value = held !== null && (!allowed || allowed.includes(held)) ? held : fallback;
  return [value, (next, typing = false) => setSearch((old) => withSetting(old, name, next === fallback ? '' : next), { replace: typing })];
}

/** withSetting is a query with one setting changed; an empty value removes it. */
export function withSetting(query: URLSearchParams, name: string, value: string): URLSearchParams {
  const changed = new URLSearchParams(query);
  if (value) changed.set(name, value);
  else changed.delete(name);
  return changed;
}

/**
 * usePathName is the name at the end of the path, as in /meters/NAME. The router decodes a path
 * as a whole, after which "a%2Fb" and "a/b" are the same, so it is read from the address itself.
 * null if it is not well-formed.
 */
export function usePathName(): string | null {
  useLocation(); // renders again when the address changes
  return lastName(window.location.pathname);
}

/** lastName decodes the last segment of a path; null if it cannot be decoded. */
export function lastName(path: string): string | null {
  try {
    return decodeURIComponent(path.slice(path.lastIndexOf('/') + 1));
  } catch {
    return null;
  }
}

/** addressOf is the path of something with a name, such as a meter's. */
export const addressOf = (page: 'meters' | 'groups' | 'decisions', name: string): string => `/${page}/${encodeURIComponent(name)}`;

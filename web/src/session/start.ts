/** startOf is where a sign-in at the issuer begins, which comes back to the view that is open. */
export function startOf(root: URL, path: string, here: Pick<Location, 'pathname' | 'search'>): string {
  const start = new URL(path.replace(/^\//, ''), root);
  const next = `/${here.pathname.slice(root.pathname.length)}${here.search}`;
  if (next !== '/ui' && next !== '/ui/') start.searchParams.set('next', next);
  return start.href;
}

/** plainName is the name of a holder as people say it: persons have a mark before theirs. */
export function plainName(name: string): string {
  return name.replace(/^oidc:/, '');
}

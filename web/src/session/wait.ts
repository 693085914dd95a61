/** waitText is a problem that passes by itself, with the seconds that are left of it. */
export function waitText(detail: string, left: number): string {
  const what = detail.replace(/[;:] wait \d+ s$/, '');
  return `${what.charAt(0).toUpperCase()}${what.slice(1)}. ${left > 0 ? `Wait ${left} s, then try again.` : 'You can try again now.'}`;
}

/** Match is a place that the palette leads to. */
export interface Match {
  to: string;
  label: string;
  note?: string;
}

/** pages are the places that are always there. */
export const pages: Match[] = [
  { to: '/', label: 'Overview' },
  { to: '/groups', label: 'Groups' },
  { to: '/decisions', label: 'Decisions' },
  { to: '/meters', label: 'Meters' },
  { to: '/forecasts', label: 'Forecasts' },
  { to: '/data-quality', label: 'Data quality' },
  { to: '/operations', label: 'Operations' },
  { to: '/settings', label: 'Settings' },
];

/** matching are those whose label or note has all words of a text, in any case; those that begin with it come first. */
export function matching(all: Match[], text: string, most: number): Match[] {
  const words = text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const begins = (m: Match) => m.label.toLocaleLowerCase().startsWith(words.join(' '));
  return all
    .filter((m) => words.every((w) => `${m.label} ${m.note ?? ''}`.toLocaleLowerCase().includes(w)))
    .sort((a, b) => Number(begins(b)) - Number(begins(a)))
    .slice(0, most);
}

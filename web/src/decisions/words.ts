// Names of codes for people.

const statuses: Record<string, string> = { planned: 'planned', active: 'under way', past: 'over' };

/** statusName is a decision's status in words; of a replay that has ended, as it was then. */
export function statusName(code: string, ended = false): string {
  const name = statuses[code] ?? readable(code);
  return ended && code !== 'past' ? `${name} at the end` : name;
}

/** readable is an unknown code as a person reads it. */
export function readable(code: string): string {
  return capital(code.replaceAll('_', ' '));
}

/** decisionsOf is how many decisions there are, in words. */
export const decisionsOf = (n: number): string => (n === 1 ? '1 decision' : `${n} decisions`);

/** capital begins a text with a capital letter. */
export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

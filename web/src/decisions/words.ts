// Names of codes for people.

const statuses: Record<string, string> = { planned: 'planned', active: 'under way', past: 'over' };

/** statusName is a decision's status in words. */
export const statusName = (code: string): string => statuses[code] ?? readable(code);

/** readable is an unknown code as a person reads it. */
export function readable(code: string): string {
  return capital(code.replaceAll('_', ' '));
}

/** capital begins a text with a capital letter. */
export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

import type { Schemas } from '../api/client';
import type { AccuracyBy } from '../api/questions';
import { percent } from '../format/energy';

type Line = Schemas['AccuracyLine'];

/** comparison puts an error relative to that of the week before into words. */
export function comparison(relMae: number | null): string {
  if (relMae === null) return 'nothing to compare with';
  const less = 1 - relMae;
  if (Math.abs(less) < 0.005) return 'as much as repeating the week before';
  return less > 0 ? `${percent(less)} less than repeating the week before` : `${percent(-less)} more than repeating the week before`;
}

/** worst are the lines with the greatest relative errors, worst first. */
export function worst(lines: Line[], most: number): Line[] {
  return lines
    .filter((l) => l.relMae !== null)
    .sort((a, b) => (b.relMae as number) - (a.relMae as number))
    .slice(0, most);
}

const weekdays = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];

/** keyName is the key of a line as people read it. */
export function keyName(by: AccuracyBy, key: string): string {
  const n = Number(key);
  switch (by) {
    case 'lead':
      return `${n}–${n + 1} hours ahead`;
    case 'hour':
      return `${key.padStart(2, '0')}:00–${String((n + 1) % 24).padStart(2, '0')}:00`;
    case 'weekday':
      return weekdays[n - 1] ?? key;
    default:
      return key;
  }
}

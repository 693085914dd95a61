import type { Column } from './columns';
import type { Drawing } from './plot';
import classes from './TimeChart.module.css';

/** Legend names what a chart draws, with the values under the cursor. */
export function Legend({ drawing, index, when, shaded }: { drawing: Drawing; index: number | null; when: string; shaded: boolean }) {
  const { lines, band, limit, format } = drawing;
  const value = (c: Column) => format(index === null ? null : c[index]);
  return (
    <>
      {lines.map((l) => (
        <span key={l.label} className={classes.entry}>
          <svg width="18" height="8" aria-hidden="true">
            <line x1="0" y1="4" x2="18" y2="4" stroke={`var(${l.color})`} strokeWidth={l.width ?? 2} strokeDasharray={l.dash?.join(' ')} />
          </svg>
          {l.label} {index !== null && <b>{value(l.values)}</b>}
        </span>
      ))}
      {band && (
        <span className={classes.entry}>
          <svg width="18" height="10" aria-hidden="true">
            <rect width="18" height="10" rx="2" fill={`var(${band.color})`} />
          </svg>
          {band.label} {index !== null && <b>{`${value(band.low)} – ${value(band.high)}`}</b>}
        </span>
      )}
      {limit && (
        <span className={classes.entry}>
          <svg width="18" height="8" aria-hidden="true">
            <line x1="0" y1="4" x2="18" y2="4" stroke={`var(${limit.color})`} strokeWidth="1.5" />
          </svg>
          {limit.label} <b>{format(limit.value)}</b>
        </span>
      )}
      {shaded && (
        <span className={classes.entry}>
          <svg width="18" height="10" aria-hidden="true">
            <rect width="18" height="10" rx="2" className={classes.shade} />
          </svg>
          Night, weekend
        </span>
      )}
      <span className={classes.when}>{when}</span>
    </>
  );
}

/** spoken is what is under the cursor, in words. */
export function spoken({ lines, band, format }: Drawing, index: number, when: string): string {
  const known = lines.filter((l) => l.values[index] != null).map((l) => `${l.label} ${format(l.values[index])}`);
  if (band && band.low[index] != null) known.push(`${band.label} ${format(band.low[index])} to ${format(band.high[index])}`);
  return `${when}: ${known.join(', ') || 'nothing is known'}`;
}

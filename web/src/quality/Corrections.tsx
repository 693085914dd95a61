import type { Asked, Schemas } from '../api/client';
import { CopyCurl } from '../app/CopyCurl';
import { count, percent } from '../format/energy';
import classes from '../app/Figures.module.css';

/** Corrections counts all messages by what became of them. */
export function Corrections({ from, counts: c }: { from: Asked; counts: Schemas['Counts'] }) {
  const share = (n: number) => (c.messages > 0 ? `${percent(n / c.messages)} of the messages` : ' ');
  const figures: [string, number, string][] = [
    ['Rejected', c.quarantined, share(c.quarantined)],
    ['Late', c.late, 'for hours that had passed already'],
    ['Corrections', c.corrections, 'another value for the same hour'],
    ['Repeated', c.duplicates, 'the same value again'],
    ['Suspect', c.suspect, c.suspect > 0 ? `${count(c.confirmed)} became plausible later` : 'no reading is implausible'],
  ];
  return (
    <dl className={classes.row} aria-label="Messages since the beginning">
      {figures.map(([label, n, note], i) => (
        <div key={label} className={classes.figure}>
          <dt className={classes.label}>{label}</dt>
          {i === 0 && (
            <dd className={classes.copy}>
              <CopyCurl of="the counts" source={from.source} />
            </dd>
          )}
          <dd className={classes.value} data-warn={(label === 'Rejected' && n > 0) || undefined}>
            {count(n)}
          </dd>
          <dd className={classes.note}>{note}</dd>
        </div>
      ))}
    </dl>
  );
}

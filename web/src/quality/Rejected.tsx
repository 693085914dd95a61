import type { Schemas } from '../api/client';
import { count } from '../format/energy';
import classes from './quality.module.css';

interface Props {
  title: string;
  total: number;
  reasons: Schemas['ReasonCount'][];
}

/** Rejected counts what was rejected, by reason. */
export function Rejected({ title, total, reasons }: Props) {
  return (
    <div>
      <h3 className={classes.title}>
        {title} <span className={classes.total}>{count(total)}</span>
      </h3>
      {reasons.length > 0 && (
        <dl className={classes.reasons}>
          {reasons.map((r) => (
            <div key={r.reason} className={classes.reason}>
              <dt>{r.reason}</dt>
              <dd>{count(r.count)}</dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}

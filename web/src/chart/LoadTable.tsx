import { useState } from 'react';
import { number } from '../format/energy';
import { clock, day } from '../format/time';
import { hasPlan, iso, type LoadColumns } from './columns';
import classes from './LoadTable.module.css';

/** LoadTable holds the numbers of a chart, for those who read rather than look. */
export function LoadTable({ columns, zone, what }: { columns: LoadColumns; zone: string; what: string }) {
  const [open, setOpen] = useState(false);
  const plans = hasPlan(columns);
  return (
    <details className={classes.details} onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>Show the numbers</summary>
      {open && (
        <div className={classes.scroll} tabIndex={0} role="region" aria-label={`Numbers of ${what}`}>
          <table>
            <thead>
              <tr>
                <th scope="col">Hour</th>
                <th scope="col">Measured, kWh</th>
                <th scope="col">p10</th>
                <th scope="col">p50</th>
                <th scope="col">p90</th>
                {plans && <th scope="col">With the plans</th>}
              </tr>
            </thead>
            <tbody>
              {columns.x.map((x, i) => (
                <tr key={x}>
                  <th scope="row">
                    {day(iso(x), zone)}, {clock(iso(x), zone)}
                  </th>
                  <td>{number(columns.actual[i])}</td>
                  <td>{number(columns.p10[i])}</td>
                  <td>{number(columns.p50[i])}</td>
                  <td>{number(columns.p90[i])}</td>
                  {plans && <td>{number(columns.planned[i])}</td>}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}

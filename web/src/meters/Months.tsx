import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { meterDays } from '../api/questions';
import { Card } from '../app/Card';
import { Empty } from '../app/Empty';
import { Failure } from '../app/Failure';
import { energy } from '../format/energy';
import classes from './Months.module.css';
import { type Month, monthsOf } from './months';

/** Months show the energy of each day of the last year, month by month. */
export function Months({ id, known, zone }: { id: string; known: boolean; zone: string }) {
  const { data, error, refetch } = useQuery(meterDays(id));
  const months = data && monthsOf(data.data[0]?.points ?? [], zone).filter((m) => m.kwh !== null);
  return (
    <Card from={data} title="Months by day" note="The darker a day, the more energy; the last year">
      {error && known && !data && <Failure error={error} retry={refetch} />}
      {!data && !error && <Skeleton height={160} />}
      {months?.length === 0 && <Empty title="No readings">There are none in the last year.</Empty>}
      {months && months.length > 0 && (
        <div className={classes.scroll} tabIndex={0} role="region" aria-label="Energy of each day">
          <table className={classes.months}>
            <thead>
              <tr>
                <th scope="col">Month</th>
                {days.map((d) => (
                  <th key={d} scope="col" className={classes.number}>
                    {d}
                  </th>
                ))}
                <th scope="col" className={classes.sum}>
                  All
                </th>
              </tr>
            </thead>
            <tbody>
              {months.map((m) => (
                <Row key={m.name} month={m} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Card>
  );
}

const days = Array.from({ length: 31 }, (_, i) => i + 1);
const darkest = 85; // percent of the colour

function Row({ month }: { month: Month }) {
  return (
    <tr>
      <th scope="row">{month.label}</th>
      {days.map((n) => {
        const d = month.days[n];
        if (!d) return <td key={n} />;
        const text = `${d.date}: ${d.kwh === null ? 'no reading' : energy(d.kwh)}${d.kwh !== null && d.partial ? ', hours are missing' : ''}`;
        return (
          <td key={n}>
            <span
              className={classes.day}
              data-none={d.kwh === null || undefined}
              style={d.kwh === null ? undefined : { background: `color-mix(in srgb, var(--forecast) ${Math.round(8 + d.share * (darkest - 8))}%, var(--card))` }}
              title={text}
            >
              <span className={classes.hidden}>{text}</span>
            </span>
          </td>
        );
      })}
      <td className={classes.sum}>{energy(month.kwh)}</td>
    </tr>
  );
}

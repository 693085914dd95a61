import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { groupPeaks } from '../api/questions';
import { Card } from '../app/Card';
import { Empty } from '../app/Empty';
import { Failure } from '../app/Failure';
import { percent, power } from '../format/energy';
import { day } from '../format/time';
import { calendarOf, type Day, levelOf, type Week } from './calendar';
import classes from './PeakCalendar.module.css';

const weekdays = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];

/** PeakCalendar shows the days of a year by their greatest hour. */
export function PeakCalendar({ id, limit, zone }: { id: string; limit: number | null; zone: string }) {
  const { data, error, refetch } = useQuery(groupPeaks(id));
  const weeks = useMemo(() => data && calendarOf(data.data[0]?.points ?? [], zone), [data, zone]);
  return (
    <Card from={data} title="Peak of each day" note={limit === null ? 'The deeper the colour, the greater the peak' : 'The deeper the colour, the closer to the limit; red is above it'}>
      {error && !data && <Failure error={error} retry={refetch} />}
      {!data && !error && <Skeleton height={200} />}
      {weeks?.length === 0 && <Empty title="No readings">There are none of the last year.</Empty>}
      {weeks && weeks.length > 0 && <Calendar weeks={weeks} limit={limit} zone={zone} />}
    </Card>
  );
}

function Calendar({ weeks, limit, zone }: { weeks: Week[]; limit: number | null; zone: string }) {
  const days = weeks.flatMap((w) => w.days).filter((d) => d !== undefined);
  const top = days.reduce((a, b) => (b.kw > a.kw ? b : a));
  const above = limit === null ? 0 : days.filter((d) => d.kw > limit).length;
  return (
    <>
      <p className={classes.sentence}>
        {limit !== null && `${above === 0 ? 'No day' : above === 1 ? '1 day' : `${above} days`} of ${days.length} went above the limit. `}
        The greatest peak was {power(top.kw)} on {day(top.at, zone)}.
      </p>
      <div className={classes.scroll} role="region" tabIndex={0} aria-label="Days">
        <table className={classes.calendar} aria-label="Peak of each day">
          <thead>
            <tr>
              <td />
              {weeks.map((w) => (
                <th key={w.monday} scope="col" className={classes.month}>
                  {w.month}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {weekdays.map((name, i) => (
              <tr key={name}>
                <th scope="row" className={classes.weekday}>
                  {name.slice(0, 3)}
                </th>
                {weeks.map((w) => (
                  <Cell key={w.monday} of={w.days[i]} limit={limit} greatest={top.kw} zone={zone} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function Cell({ of, limit, greatest, zone }: { of: Day | undefined; limit: number | null; greatest: number; zone: string }) {
  if (!of) return <td />;
  const text = `${day(of.at, zone)}: ${power(of.kw)}${limit ? `, ${percent(of.kw / limit)} of the limit` : ''}`;
  return (
    <td data-level={levelOf(of.kw, limit, greatest)} title={text}>
      <span className={classes.hidden}>{text}</span>
    </td>
  );
}

import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Schemas } from '../api/client';
import { meterQuality } from '../api/questions';
import { Card } from '../app/Card';
import { Empty } from '../app/Empty';
import { Failure } from '../app/Failure';
import { count } from '../format/energy';
import { dateTime } from '../format/time';
import parts from '../quality/quality.module.css';
import { lack, summary, weeks } from './quality';
import classes from './QualityCalendar.module.css';

const weekdays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/** QualityCalendar shows the days of a meter by how many of their hours can be used. */
export function QualityCalendar({ id, known, zone }: { id: string; known: boolean; zone: string }) {
  const { data, error, refetch } = useQuery(meterQuality(id));
  const quality = data?.data;
  return (
    <Card from={data} title="Data quality" note="Each day of the last 12 weeks, by the hours that are missing or suspect">
      {error && known && !quality && <Failure error={error} retry={refetch} />}
      {!quality && !error && <Skeleton height={220} />}
      {quality?.days.length === 0 && <Empty title="No readings">There are none in the last 12 weeks.</Empty>}
      {quality && quality.days.length > 0 && (
        <div className={parts.halves}>
          <Calendar days={quality.days} />
          <Summary quality={quality} zone={zone} />
        </div>
      )}
    </Card>
  );
}

function Calendar({ days }: { days: Schemas['QualityDay'][] }) {
  return (
    <table className={classes.calendar} aria-label="Days">
      <thead>
        <tr>
          <th scope="col" className={classes.week}>
            Week of
          </th>
          {weekdays.map((w) => (
            <th key={w} scope="col">
              {w}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {weeks(days).map((week) => (
          <tr key={week.monday}>
            <th scope="row" className={classes.week}>
              {week.label}
            </th>
            {week.days.map((d, i) => (
              <td key={weekdays[i]} data-lack={d && lack(d)}>
                {d && (
                  <span className={classes.day} title={`${d.date}: ${summary(d)}`}>
                    <span className={classes.number}>{d.missing + d.suspect || ''}</span>
                    <span className={classes.hidden}>{summary(d)}</span>
                  </span>
                )}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const mostGaps = 5;

function Summary({ quality, zone }: { quality: Schemas['MeterQuality']; zone: string }) {
  const { total, gaps, corrections } = quality;
  const facts: [string, number][] = [
    ['Hours', total.hours],
    ['Missing', total.missing],
    ['Suspect', total.suspect],
    ['Late', total.late],
    ['Corrected', total.corrected],
  ];
  return (
    <div>
      <dl className={classes.facts}>
        {facts.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{count(value)}</dd>
          </div>
        ))}
      </dl>
      {gaps.length > 0 && (
        <>
          <h3 className={classes.title}>Newest gaps</h3>
          <ul className={classes.gaps}>
            {gaps.slice(0, mostGaps).map((g) => (
              <li key={g.from}>
                {count(g.hours)} h from {dateTime(g.from, zone)}
              </li>
            ))}
          </ul>
        </>
      )}
      {corrections[0] && <p className={classes.gaps}>The newest correction is of {dateTime(corrections[0].at, zone)}.</p>}
    </div>
  );
}

import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Schemas } from '../api/client';
import { lastWeek } from '../api/questions';
import { Card } from '../app/Card';
import { Empty } from '../app/Empty';
import { Failure } from '../app/Failure';
import { counted, energy, mass, money, number, percent, power } from '../format/energy';
import { clock, day } from '../format/time';
import classes from './KeyFigures.module.css';
import { type Part, realisedLabel, savings, settledDays } from './savings';

interface Props {
  zone?: string | undefined;
}

/** KeyFigures sums up the last week: promised and realised savings, and the load. */
export function KeyFigures({ zone = 'UTC' }: Props) {
  const { data, error, refetch } = useQuery(lastWeek);
  const week = data?.data.periods[0];
  return (
    <Card from={data} title="The last 7 days" note="All meters together">
      {error && !data && <Failure error={error} retry={refetch} />}
      {!data && !error && <Skeleton height={132} />}
      {week && week.hours === 0 && (
        <Empty title="Nothing to sum up">Energy, peak and savings are here once there are readings.</Empty>
      )}
      {week && week.hours > 0 && (
        <div className={classes.halves}>
          <Savings week={week} currency={data.data.currency} />
          <Load week={week} currency={data.data.currency} zone={zone} />
        </div>
      )}
    </Card>
  );
}

function Savings({ week, currency }: { week: Schemas['KPIPeriod']; currency: string }) {
  const s = savings(week);
  if (!s) {
    return (
      <p className={classes.none}>
        Realised savings are known once a day with plans is over.{' '}
        {week.days > 0 ? `${settledDays(week)}.` : 'There is none in this week yet.'}
      </p>
    );
  }
  return (
    <div>
      <SavedPart name="On energy" part={s.energy} label={realisedLabel(week)} currency={currency} />
      {s.demand && <SavedPart name="On demand charges" part={s.demand} label={realisedLabel(week)} currency={currency} />}
      <p className={classes.note}>
        {[
          settledDays(week),
          s.energy.kept !== null &&
            `${percent(s.energy.kept)} of what ${counted(week.decisions, 'plan')} promised on energy`,
          week.savedShare !== null && `${percent(week.savedShare)} of the energy cost`,
          week.realisedMethod === 'simulated' ? 'computed as if all plans had been followed' : 'estimated against the forecasts',
        ]
          .filter(Boolean)
          .join(' · ')}
      </p>
    </div>
  );
}

function SavedPart({ name, part, label, currency }: { name: string; part: Part; label: string; currency: string }) {
  return (
    <>
      <h3 className={classes.part}>{name}</h3>
      <dl className={classes.bars}>
        <Bar label="Promised" length={part.bars.promised} amount={money(part.promised, currency)} />
        <Bar label={label} length={part.bars.realised} amount={money(part.realised, currency)} realised />
      </dl>
    </>
  );
}

function Bar({ label, length, amount, realised = false }: { label: string; length: number; amount: string; realised?: boolean }) {
  return (
    <div className={classes.bar}>
      <dt>{label}</dt>
      <dd>
        <span className={classes.track} aria-hidden="true">
          <span className={classes.fill} data-realised={realised || undefined} style={{ width: `${length}%` }} />
        </span>
        <span className={classes.amount}>{amount}</span>
      </dd>
    </div>
  );
}

function Load({ week, currency, zone }: { week: Schemas['KPIPeriod']; currency: string; zone: string }) {
  return (
    <dl className={classes.figures}>
      <Figure label="Energy moved" value={energy(week.kwhShifted)} note={week.kwh !== null && `of ${energy(week.kwh)}`} />
      <Figure label="Highest hour" value={power(week.peakKw)} note={peak(week, zone)} />
      <Figure label="Cost of energy" value={money(week.cost, currency)} note="without demand charges" />
      <Figure label="CO₂" value={mass(week.co2Kg)} note={emissions(week)} />
    </dl>
  );
}

/** peak names the highest hour, and how it stands out. */
function peak(week: Schemas['KPIPeriod'], zone: string): string {
  const at = week.peakAt ? `${day(week.peakAt, zone)}, ${clock(week.peakAt, zone)}` : '';
  return week.peakToAverage === null ? at : `${at}; ${number(week.peakToAverage)} × the mean`;
}

/** emissions explains the figure of the emissions. */
function emissions(week: Schemas['KPIPeriod']): string {
  if (week.co2Kg === null) return 'no carbon intensity is known';
  if (week.co2AvoidedKg !== null) return `${mass(week.co2AvoidedKg)} less by plans`;
  return week.co2Hours < week.hours ? `of ${counted(week.co2Hours, 'hour')}` : 'by the carbon intensity';
}

function Figure({ label, value, note }: { label: string; value: string; note: ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        {value}
        {note && <small>{note}</small>}
      </dd>
    </div>
  );
}

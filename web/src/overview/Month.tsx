import { Anchor } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { accuracy, quality, thisMonth, twin } from '../api/questions';
import type { Asked } from '../api/client';
import { CopyCurl } from '../app/CopyCurl';
import classes from '../app/Figures.module.css';
import { comparison } from '../forecasts/accuracy';
import { count, counted, energy, money } from '../format/energy';
import { realisedLabel, savings, settledDays } from './savings';

/** Month is what came of it: what was saved, how good the forecasts were, and what was wrong with the data. */
export function Month() {
  return (
    <dl className={classes.row} aria-label="What came of it">
      <Saved />
      <ForecastError />
      <Health />
    </dl>
  );
}

function Saved() {
  const { data } = useQuery(thisMonth);
  const month = data?.data.periods.at(-1);
  const s = month && savings(month);
  const currency = data?.data.currency ?? '';
  if (!month || !s) return <Figure from={data} label="Saved this month" value="–" note={month && 'Known once a day with plans is over'} />;
  const promised = s.energy.promised + (s.demand?.promised ?? 0);
  const realised = s.energy.realised + (s.demand?.realised ?? 0);
  return <Figure from={data} label={`${realisedLabel(month)} this month`} value={money(realised, currency)} note={`of ${money(promised, currency)} promised; ${settledDays(month)}`} />;
}

// Of how many meters the forecasts are compared for the first page: of more it takes seconds.
const fewMeters = 200;

function ForecastError() {
  const area = useQuery(twin).data?.data;
  const of = area && area.groups > 0 ? 'groups' : 'meters';
  const { data } = useQuery({ ...accuracy(of, 'none', 'now-7d'), enabled: area !== undefined && (of === 'groups' || area.meters <= fewMeters) });
  const week = data?.data.lines[0];
  return (
    <Figure
      from={data}
      label="Forecast error this week"
      value={week ? energy(week.maeKwh) : '–'}
      note={data && (week ? comparison(week.relMae) : 'Known a week after the first forecast')}
      more={{ to: '/forecasts', label: 'Forecasts' }}
    />
  );
}

function Health() {
  const { data } = useQuery(quality);
  const view = data?.data;
  const rejected = view && view.counts.quarantined + (view.dataset?.rejectedRows ?? 0);
  return (
    <Figure
      from={data}
      label="Rejected readings"
      value={rejected === undefined ? '–' : count(rejected)}
      warn={rejected !== undefined && rejected > 0}
      note={view && (view.suspects.length > 0 ? `${counted(view.suspects.length, 'meter')} with suspect readings` : 'No suspect readings')}
      more={{ to: '/data-quality', label: 'Data quality' }}
    />
  );
}

interface FigureProps {
  from: Asked | undefined;
  label: string;
  value: string;
  note?: ReactNode;
  warn?: boolean;
  more?: { to: string; label: string };
}

function Figure({ from, label, value, note, warn, more }: FigureProps) {
  return (
    <div className={classes.figure}>
      <dt className={classes.label}>{label}</dt>
      {from && (
        <dd className={classes.copy}>
          <CopyCurl of={label} source={from.source} />
        </dd>
      )}
      <dd className={classes.value} data-warn={warn || undefined}>
        {value}
      </dd>
      <dd className={classes.note}>
        {note}{' '}
        {more && (
          <Anchor component={Link} href={more.to} size="xs" c="var(--accent)" underline="always">
            {more.label}
          </Anchor>
        )}
      </dd>
    </div>
  );
}

import { Skeleton } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Asked, Schemas } from '../api/client';
import { CopyCurl } from '../app/CopyCurl';
import { count, counted } from '../format/energy';
import { age } from '../format/time';
import classes from '../app/Figures.module.css';

/** Figures are the twin's totals. */
export function Figures({ twin, from }: { twin: Schemas['Twin'] | undefined; from: Asked | undefined }) {
  const c = twin?.counts;
  return (
    <dl className={classes.row} aria-label="Totals of this twin">
      <Figure from={from} label="Readings" value={c && count(c.stored)} note={twin && `last write ${age(twin.freshness.writtenAt, Date.now())}`} />
      <Figure
        label="Meters"
        value={twin && count(twin.meters)}
        note={twin && `in ${counted(twin.groups, 'group')}`}
      />
      <Figure label="Forecasts" value={c && count(c.forecasts)} note={twin && `issued at ${twin.issueAt}, a day ahead`} />
      <Figure label="Decisions" value={c && count(c.decisions)} note={twin && policies[twin.policy]} />
      <Figure
        label="Quarantined"
        value={c && count(c.quarantined)}
        note={c && (c.quarantined === 0 ? 'no message was rejected' : `of ${counted(c.messages, 'message')}`)}
        warn={(c?.quarantined ?? 0) > 0}
      />
      {c && c.suspect > c.confirmed && (
        <Figure label="Suspect readings" value={count(c.suspect - c.confirmed)} note="stored, and used for nothing" warn />
      )}
    </dl>
  );
}

const policies = { Off: 'the policy is off', Shadow: 'not for action', Advisory: 'as advice' };

function Figure({ from, label, value, note, warn = false }: { from?: Asked | undefined; label: string; value: ReactNode; note: ReactNode; warn?: boolean }) {
  return (
    <div className={classes.figure}>
      <dt className={classes.label}>{label}</dt>
      {from && (
        <dd className={classes.copy}>
          <CopyCurl of="the totals" source={from.source} />
        </dd>
      )}
      <dd className={classes.value} data-warn={warn || undefined}>
        {value ?? <Skeleton height={26} width={84} mt={4} />}
      </dd>
      <dd className={classes.note}>{note ?? ' '}</dd>
    </div>
  );
}

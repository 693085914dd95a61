import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { Schemas } from '../api/client';
import { addressOf } from '../app/address';
import { percent, power } from '../format/energy';
import { hourOf, relativeDay } from '../format/time';
import classes from './GroupRow.module.css';
import { scaleOf } from './scale';

type Group = Schemas['Group'];

interface Props {
  group: Group;
  /** The greatest load of all groups, for those without a limit. */
  greatest: number;
  now: string | null;
  zone: string;
  /** What stands below it. */
  children?: ReactNode;
}

/** GroupRow shows a group's last hour and its coming peak, beside its limit. */
export function GroupRow({ group: g, greatest, now, zone, children }: Props) {
  const over = g.capacityKw !== null && (g.lastKwh ?? 0) > g.capacityKw;
  const overSoon = g.capacityKw !== null && (g.forecastPeakKw ?? 0) > g.capacityKw;
  const scale = scaleOf([g.lastKwh, g.forecastPeakKw, g.capacityKw ?? greatest]);
  const bar = scale.bar(g.lastKwh ?? 0);
  return (
    <li className={classes.row}>
      <div className={classes.head}>
        <Link href={addressOf('groups', g.id)} className={classes.name}>
          {g.id}
        </Link>
        <span className={classes.value}>
          {power(g.lastKwh)}
          {g.capacityKw !== null && <span className={classes.of}> of {power(g.capacityKw)}</span>}
        </span>
      </div>
      <div
        className={classes.track}
        role="meter"
        aria-label={`Load of ${g.id}`}
        aria-valuemin={Math.round(scale.low * 100) / 100}
        aria-valuemax={Math.round(scale.high * 100) / 100}
        aria-valuenow={Math.round((g.lastKwh ?? 0) * 100) / 100}
        aria-valuetext={`${power(g.lastKwh)}${g.capacityKw === null ? '' : ` of ${power(g.capacityKw)}`}`}
      >
        <div className={classes.fill} data-over={over || undefined} style={{ left: `${bar.from}%`, width: `${bar.width}%` }} />
        {g.capacityKw !== null && <div className={classes.limit} style={{ left: `${scale.at(g.capacityKw)}%` }} />}
        {g.forecastPeakKw !== null && (
          <div className={classes.tick} data-over={overSoon || undefined} style={{ left: `${scale.at(g.forecastPeakKw)}%` }} />
        )}
      </div>
      <p className={classes.note}>
        {g.meters} {g.meters === 1 ? 'meter' : 'meters'}
        {g.utilisation !== null && ` · ${percent(g.utilisation)} used`}
        {g.forecastPeakKw !== null && (
          <>
            {' · '}
            <span data-over={overSoon || undefined}>
              peak {power(g.forecastPeakKw)} {g.forecastPeakAt && relativeDay(g.forecastPeakAt, now, zone)}, {hourOf(g.forecastPeakAt, zone)}
              {overSoon && ', above the limit'}
            </span>
          </>
        )}
      </p>
      {children}
    </li>
  );
}

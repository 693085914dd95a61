import { Button, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Schemas } from '../api/client';
import { groups } from '../api/questions';
import { Card } from '../app/Card';
import { Empty } from '../app/Empty';
import { Failure } from '../app/Failure';
import { percent, power } from '../format/energy';
import { clock } from '../format/time';
import classes from './GroupLoads.module.css';

const shown = 10; // groups at first

/** GroupLoads shows each group's load against its capacity, tightest first. */
export function GroupLoads({ zone = 'UTC' }: { zone?: string | undefined }) {
  const { data, error, refetch } = useQuery(groups);
  const [all, setAll] = useState(false);
  const rows = data && [...data.data].sort((a, b) => tightness(b) - tightness(a) || a.id.localeCompare(b.id));
  const greatest = Math.max(1e-9, ...(rows ?? []).map((g) => Math.max(g.lastKwh ?? 0, g.forecastPeakKw ?? 0)));
  const at = rows?.find((g) => g.lastAt)?.lastAt;
  const hour = at ? `the hour from ${clock(at, zone)}` : 'the last hour';
  return (
    <Card title="Groups" note={`Load of ${hour}; the tick is the peak still expected`}>
      {error && !data && <Failure error={error} retry={refetch} />}
      {!data && !error && <Skeleton height={220} />}
      {rows?.length === 0 && <Empty title="No groups">The meters of this twin belong to no feeder or community.</Empty>}
      {rows && rows.length > 0 && (
        <ul className={classes.list}>
          {(all ? rows : rows.slice(0, shown)).map((g) => (
            <GroupRow key={g.id} group={g} scale={g.capacityKw ?? greatest} zone={zone} />
          ))}
        </ul>
      )}
      {rows && rows.length > shown && !all && (
        <Button variant="default" size="xs" mt="md" onClick={() => setAll(true)}>
          Show all {rows.length}
        </Button>
      )}
    </Card>
  );
}

/** tightness orders groups: those with a limit by how close they come to it. */
function tightness(g: Schemas['Group']): number {
  if (!g.capacityKw) return -1;
  return Math.max(g.lastKwh ?? 0, g.forecastPeakKw ?? 0) / g.capacityKw;
}

function GroupRow({ group: g, scale, zone }: { group: Schemas['Group']; scale: number; zone: string }) {
  const share = (kw: number | null) => Math.max(0, Math.min(1, (kw ?? 0) / scale)) * 100;
  const over = g.capacityKw !== null && (g.lastKwh ?? 0) > g.capacityKw;
  const overSoon = g.capacityKw !== null && (g.forecastPeakKw ?? 0) > g.capacityKw;
  return (
    <li className={classes.row}>
      <div className={classes.head}>
        <span className={classes.name}>{g.id}</span>
        <span className={classes.value}>
          {power(g.lastKwh)}
          {g.capacityKw !== null && <span className={classes.of}> of {power(g.capacityKw)}</span>}
        </span>
      </div>
      <div
        className={classes.track}
        role="meter"
        aria-label={`Load of ${g.id}`}
        aria-valuemin={0}
        aria-valuemax={Math.round(scale * 100) / 100}
        aria-valuenow={Math.round((g.lastKwh ?? 0) * 100) / 100}
        aria-valuetext={`${power(g.lastKwh)}${g.capacityKw === null ? '' : ` of ${power(g.capacityKw)}`}`}
      >
        <div className={classes.fill} data-over={over || undefined} style={{ width: `${share(g.lastKwh)}%` }} />
        {g.forecastPeakKw !== null && (
          <div className={classes.tick} data-over={overSoon || undefined} style={{ left: `${share(g.forecastPeakKw)}%` }} />
        )}
      </div>
      <p className={classes.note}>
        {g.meters} {g.meters === 1 ? 'meter' : 'meters'}
        {g.utilisation !== null && ` · ${percent(g.utilisation)} used`}
        {g.forecastPeakKw !== null && (
          <>
            {' · '}
            <span data-over={overSoon || undefined}>
              peak {power(g.forecastPeakKw)} at {clock(g.forecastPeakAt, zone)}
              {overSoon && ', above the limit'}
            </span>
          </>
        )}
      </p>
    </li>
  );
}

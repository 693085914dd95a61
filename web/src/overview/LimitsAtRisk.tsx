import { Anchor } from '@mantine/core';
import { IconCheck } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { groups } from '../api/questions';
import { Card } from '../app/Card';
import { energy, percent, power } from '../format/energy';
import { hours, relativeDay } from '../format/time';
import classes from './LimitsAtRisk.module.css';
import { limitsAtRisk } from './limits';

const shown = 3;

/** LimitsAtRisk lists the groups that are likely to exceed their limits in spite of all plans. It is absent where no group has a limit. */
export function LimitsAtRisk({ zone = 'UTC' }: { zone?: string | undefined }) {
  const { data } = useQuery(groups);
  const risks = limitsAtRisk(data?.data ?? []);
  const limited = data?.data.filter((g) => g.capacityKw !== null) ?? [];
  if (!data || limited.length === 0) return null;
  if (!limited.some((g) => g.limitRisk)) {
    return (
      <p className={classes.unknown} role="status">
        There is no forecast of the hours ahead: which limits are at risk is not known.
      </p>
    );
  }
  if (risks.length === 0) {
    return (
      <p className={classes.calm} role="status">
        <IconCheck size={18} stroke={1.9} aria-hidden="true" /> No limit is at risk in the hours ahead.
      </p>
    );
  }
  const rest = risks.length - shown;
  return (
    <Card dense from={data} title="Limits at risk" note="More likely to be exceeded in a coming hour than their exceedance allows, with all plans">
      <ul className={classes.list}>
        {risks.slice(0, shown).map(({ group, capacityKw, risk }) => (
          <li key={group} className={classes.row}>
            <Anchor component={Link} href={`/groups/${encodeURIComponent(group)}`} fw={600} fz="inherit" c="var(--accent)">
              {group}
            </Anchor>
            <span className={classes.probability}>{percent(risk.exceedanceAfter)}</span>
            <span className={classes.text}>
              above {power(capacityKw)} {relativeDay(risk.at, data.meta.asOf, zone)},{' '}
              {hours(risk.at, new Date(Date.parse(risk.at) + 3_600_000).toISOString(), zone)}: {energy(risk.excessAfterKwh)} expected above it, and{' '}
              {percent(risk.exceedanceBefore)} without plans
            </span>
          </li>
        ))}
      </ul>
      {rest > 0 && (
        <Anchor component={Link} href="/groups" size="sm" c="var(--accent)" mt="sm" display="inline-block">
          {rest === 1 ? 'One more limit at risk' : `${rest} more limits at risk`}
        </Anchor>
      )}
    </Card>
  );
}

import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Schemas } from '../api/client';
import { groups, twin } from '../api/questions';
import { Card } from '../app/Card';
import { Failure } from '../app/Failure';
import page from '../app/Page.module.css';
import { useTitle } from '../app/title';
import { hourOf } from '../format/time';
import { GroupTree } from './GroupTree';
import { tightness } from './scale';

/** headline answers the first question about groups. */
function headline(rows: Schemas['Group'][]): string {
  if (rows.every((g) => g.capacityKw === null)) return 'All groups';
  const beyond = rows.filter((g) => tightness(g) > 1).length;
  if (beyond === 0) return 'Every group stays below its limit';
  return beyond === 1 ? '1 group is above its limit, or expected to be' : `${beyond} groups are above their limits, or expected to be`;
}

/** Groups lists all groups by how close they come to their limits. */
export function Groups() {
  useTitle('Groups');
  const { data, error, refetch } = useQuery(groups);
  const zone = useQuery(twin).data?.data.timezone ?? 'UTC';
  const rows = data?.data ?? [];
  const at = rows.find((g) => g.lastAt)?.lastAt;
  return (
    <div className={page.page}>
      <h1 className={page.title}>Groups</h1>
      <Card
        from={data}
        title={headline(rows)}
        note={`The bar is the load of ${at ? hourOf(at, zone) : 'the last hour'}, the tick the peak still expected, the red line the limit`}
      >
        {error && !data && <Failure error={error} retry={refetch} />}
        {!data && !error && <Skeleton height={320} />}
        {data && <GroupTree groups={rows} now={data.meta.asOf} zone={zone} />}
      </Card>
    </div>
  );
}

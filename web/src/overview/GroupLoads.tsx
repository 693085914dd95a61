import { Anchor, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { groups } from '../api/questions';
import { Card } from '../app/Card';
import { Failure } from '../app/Failure';
import { GroupList } from '../groups/GroupList';

const shown = 8;

/** GroupLoads shows the groups that come closest to their limits. */
export function GroupLoads({ zone = 'UTC' }: { zone?: string | undefined }) {
  const { data, error, refetch } = useQuery(groups);
  return (
    <Card from={data} title="Groups" note="The tightest first; the bar is the last hour, the tick the peak still expected">
      {error && !data && <Failure error={error} retry={refetch} />}
      {!data && !error && <Skeleton height={220} />}
      {data && <GroupList groups={data.data} now={data.meta.asOf} zone={zone} most={shown} />}
      {data && data.data.length > 0 && (
        <Anchor component={Link} href="/groups" size="sm" c="var(--accent)" mt="md" display="inline-block">
          {data.data.length === 1 ? 'More about the group' : `All ${data.data.length} groups`}
        </Anchor>
      )}
    </Card>
  );
}

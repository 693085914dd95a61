import { Anchor, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { topDecisions, twin } from '../api/questions';
import { Card } from '../app/Card';
import { Empty } from '../app/Empty';
import { Failure } from '../app/Failure';
import { DecisionList } from './DecisionList';
import { useDecisionMode } from './mode';

const shown = 3;

/** DecisionsToDo are the decisions of the last day that matter most: limits at risk, then what saves most. */
export function DecisionsToDo({ zone = 'UTC', open }: { zone?: string | undefined; open: (id: string) => void }) {
  const mode = useDecisionMode();
  const { data, error, refetch } = useQuery(topDecisions(mode));
  const { data: state } = useQuery(twin);
  const coming = state?.data.counts.decisions === 0 ? state.data.plansAt : undefined; // the first plans
  return (
    <Card from={data} title="To do" note={mode === 'Shadow' ? 'In shadow mode: not for action' : 'What matters most of the last day’s plans'} action={<All />}>
      {error && !data && <Failure error={error} retry={refetch} />}
      {!data && !error && <Skeleton height={260} />}
      {data?.data.length === 0 && coming && (
        <Empty title="No decisions yet">
          The first decisions are made at {coming} of the twin’s clock ({zone}), for the day that follows.
        </Empty>
      )}
      {data?.data.length === 0 && !coming && (
        <Empty title="Nothing to move">No load was worth moving in the last day. Decisions are made once a day.</Empty>
      )}
      {data && data.data.length > 0 && <DecisionList decisions={data.data.slice(0, shown)} now={data.meta.asOf} zone={zone} open={open} />}
    </Card>
  );
}

function All() {
  return (
    <Anchor component={Link} href="/decisions" size="sm" c="var(--accent)">
      All decisions
    </Anchor>
  );
}

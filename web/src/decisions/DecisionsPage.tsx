import { NativeSelect, SegmentedControl, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { type DecisionFeedback, type DecisionSort, type DecisionStatus, decisions, groups, twin } from '../api/questions';
import { useSetting } from '../app/address';
import { Card } from '../app/Card';
import { Empty } from '../app/Empty';
import { Failure } from '../app/Failure';
import page from '../app/Page.module.css';
import { Pager, usePages } from '../app/Pager';
import { useTitle } from '../app/title';
import { Downloads } from '../download/Downloads';
import { BulkAnswer } from './BulkAnswer';
import { DecisionDrawer, useOpenDecision } from './DecisionDrawer';
import { DecisionList } from './DecisionList';
import { answersTo } from './answers';
import { useDecisionMode } from './mode';
import { useMayAnswer } from './useAnswer';

const all = 'all';
type OrAll<T> = T | typeof all;

const statuses: { value: OrAll<DecisionStatus>; label: string }[] = [
  { value: 'open', label: 'Open' },
  { value: 'planned', label: 'Planned' },
  { value: 'active', label: 'Under way' },
  { value: 'past', label: 'Over' },
  { value: all, label: 'All' },
];

const subjects: { value: OrAll<'meter' | 'group'>; label: string }[] = [
  { value: all, label: 'Meters and groups' },
  { value: 'group', label: 'Limits of groups' },
  { value: 'meter', label: 'Plans of meters' },
];

const sorts: { value: DecisionSort; label: string }[] = [
  { value: '-risk', label: 'Limits at risk first' },
  { value: '-savingP50', label: 'Greatest saving first' },
  { value: '-issuedAt', label: 'Newest first' },
];

const answers: { value: OrAll<DecisionFeedback>; label: string }[] = [
  { value: all, label: 'With and without answer' },
  { value: 'none', label: 'Not answered' },
  { value: 'accepted', label: 'Accepted' },
  { value: 'rejected', label: 'Rejected' },
  { value: 'snoozed', label: 'Snoozed' },
  { value: 'followed', label: 'Followed' },
];

const notes: Record<OrAll<DecisionStatus>, string> = {
  open: 'Planned or under way',
  planned: 'For hours that are still to come',
  active: 'Of the day that is under way',
  past: 'Of days that are over, with what came of them',
  all: 'Whatever their state',
};

const valuesOf = <T,>(choices: { value: T }[]): T[] => choices.map((c) => c.value);
const unlessAll = <T extends string>(value: OrAll<T>): T | undefined => (value === all ? undefined : (value as T));

/** DecisionsPage lists the decisions of the last week, by urgency at first. */
export function DecisionsPage() {
  useTitle('Decisions');
  const [status, setStatus] = useSetting<OrAll<DecisionStatus>>('status', 'open', valuesOf(statuses));
  const [about, setAbout] = useSetting('about', all, valuesOf(subjects));
  const [sort, setSort] = useSetting<DecisionSort>('sort', '-risk', valuesOf(sorts));
  const [group, setGroup] = useSetting<string>('group', '');
  const [feedback, setFeedback] = useSetting<OrAll<DecisionFeedback>>('feedback', all, valuesOf(answers));
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const pages = usePages();
  const [, open] = useOpenDecision();
  const zone = useQuery(twin).data?.data.timezone ?? 'UTC';
  const names = useQuery(groups).data?.data.map((g) => g.id) ?? [];
  const mode = useDecisionMode();
  const filter = { status: unlessAll(status), about: unlessAll(about), sort, group: group || undefined, feedback: unlessAll(feedback), mode, cursor: pages.cursor };
  const { data, error, refetch, isPlaceholderData } = useQuery(decisions(filter));

  const now = data?.meta.asOf ?? null;
  const mayAnswer = useMayAnswer();
  const shown = data?.data ?? [];

  function toggle(id: string) {
    const next = new Set(picked);
    if (!next.delete(id)) next.add(id);
    setPicked(next);
  }

  function change(apply: () => void) {
    pages.restart();
    setPicked(new Set());
    apply();
  }

  return (
    <div className={page.page}>
      <div className={page.head}>
        <h1 className={page.title}>Decisions</h1>
        <div className={page.filters}>
          <SegmentedControl size="xs" data={statuses} value={status} onChange={(v) => change(() => setStatus(v))} aria-label="Status" />
          <NativeSelect
            size="xs"
            data={subjects}
            value={about}
            onChange={(e) => {
              const value = e.currentTarget.value as typeof about;
              change(() => setAbout(value));
            }}
            aria-label="About"
          />
          {names.length > 0 && (
            <NativeSelect
              size="xs"
              data={[{ value: '', label: 'Every group' }, ...names]}
              value={group}
              onChange={(e) => {
                const value = e.currentTarget.value;
                change(() => setGroup(value));
              }}
              aria-label="Group"
            />
          )}
          <NativeSelect
            size="xs"
            data={answers}
            value={feedback}
            onChange={(e) => {
              const value = e.currentTarget.value as typeof feedback;
              change(() => setFeedback(value));
            }}
            aria-label="Answer"
          />
          <NativeSelect
            size="xs"
            data={sorts}
            value={sort}
            onChange={(e) => {
              const value = e.currentTarget.value as DecisionSort;
              change(() => setSort(value));
            }}
            aria-label="Order"
          />
        </div>
      </div>
      <Card
        from={data}
        title="The last 7 days"
        note={mode === 'Shadow' ? 'In shadow mode: not for action' : notes[status]}
        action={<Downloads files={[{ what: 'Decisions', path: '/api/v1/decisions', query: { status: unlessAll(status), about: unlessAll(about), sort, group, feedback: unlessAll(feedback), mode } }]} />}
      >
        {error && !data && <Failure error={error} retry={refetch} />}
        {!data && !error && <Skeleton height={420} />}
        {data?.data.length === 0 && <Empty title="No decision matches">Another status, group or subject may have some: plans are made once a day.</Empty>}
        {now && <BulkAnswer picked={shown.filter((d) => picked.has(d.id))} now={now} clear={() => setPicked(new Set())} />}
        {data && data.data.length > 0 && (
          <div className={isPlaceholderData ? page.old : undefined}>
            <DecisionList
              decisions={data.data}
              now={now}
              zone={zone}
              open={open}
              picking={mayAnswer ? { picked, may: (d) => answersTo(d, now).length > 0, toggle } : undefined}
            />
          </div>
        )}
        <Pager pages={pages} page={data?.page} busy={isPlaceholderData} />
      </Card>
      <DecisionDrawer zone={zone} />
    </div>
  );
}

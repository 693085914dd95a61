import { Alert, Button } from '@mantine/core';
import { useState } from 'react';
import type { Schemas } from '../api/client';
import { AnswerButtons } from './AnswerButtons';
import { answersTo, snoozesOf, verdictName } from './answers';
import classes from './BulkAnswer.module.css';
import { type Answer, useAnswer } from './useAnswer';
import { capital, decisionsOf } from './words';

interface Props {
  picked: Schemas['DecisionHeader'][];
  now: string;
  clear: () => void;
}

/** BulkAnswer gives one answer to all decisions that are picked. */
export function BulkAnswer({ picked, now, clear }: Props) {
  const send = useAnswer();
  const [busy, setBusy] = useState(false);
  const [result, setResult] = useState<{ text: string; failed: boolean }>();
  const takes = (['accepted', 'rejected', 'snoozed', 'followed'] as const).filter((v) => picked.every((d) => answersTo(d, now).includes(v)));
  const times = picked.map((d) => snoozesOf(d, now));
  const snoozes = (times[0] ?? []).filter((s) => times.every((t) => t.some((o) => o.until === s.until)));

  async function give(answer: Answer) {
    setBusy(true);
    const errors = await send(
      picked.map((d) => d.id),
      answer,
    );
    const stored = picked.length - errors.length;
    const name = verdictName[answer.verdict];
    setResult(
      errors.length === 0
        ? { text: `${capital(name)}: ${decisionsOf(stored)}.`, failed: false }
        : { text: `${capital(name)}: ${stored} of ${picked.length}. ${errors[0]?.message ?? ''}`, failed: true },
    );
    setBusy(false);
    clear();
  }

  if (picked.length === 0 && !result) return null;
  return (
    <div className={classes.bar} role="region" aria-label="Answer to picked decisions">
      {picked.length > 0 ? (
        <>
          <span className={classes.count}>{decisionsOf(picked.length)} picked</span>
          <AnswerButtons takes={takes} snoozes={snoozes} busy={busy} give={(a) => void give(a)} />
          <Button size="xs" variant="subtle" onClick={clear}>
            Pick none
          </Button>
        </>
      ) : (
        result && (
          <Alert className={classes.result} color={result.failed ? 'red' : 'teal'} variant="light" role="status" withCloseButton closeButtonLabel="Close" onClose={() => setResult(undefined)}>
            {result.text}
          </Alert>
        )
      )}
    </div>
  );
}

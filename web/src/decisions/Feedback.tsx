import { Textarea } from '@mantine/core';
import { useState } from 'react';
import type { Schemas } from '../api/client';
import { Failure } from '../app/Failure';
import { dateTime } from '../format/time';
import { AnswerButtons } from './AnswerButtons';
import { answersTo, snoozesOf, verdictName } from './answers';
import classes from './Feedback.module.css';
import { type Answer, useAnswer, useMayAnswer } from './useAnswer';
import { capital } from './words';

interface Props {
  d: Schemas['Decision'];
  now: string | null;
  zone: string;
}

/** Feedback shows what people answered to a decision, and takes an answer. */
export function Feedback({ d, now, zone }: Props) {
  const may = useMayAnswer();
  const takes = answersTo(d, now);
  return (
    <div className={classes.feedback}>
      {d.feedbackHistory.length > 0 && <Answers of={d.feedbackHistory} zone={zone} />}
      {may && now && takes.length > 0 && <Form key={d.feedbackHistory.length} id={d.id} takes={takes} snoozes={snoozesOf(d, now)} />}
      {may === false && takes.length > 0 && <p className={classes.note}>To answer, sign in with a key of the scope operate. Yours has read.</p>}
      {may && takes.length === 0 && d.feedbackHistory.length === 0 && <p className={classes.note}>{whyNone(d)}</p>}
    </div>
  );
}

function whyNone(d: Schemas['Decision']): string {
  if (d.action === 'none') return 'There is nothing to do, and nothing to answer.';
  if (d.mode === 'Shadow') return 'It is not for action, and takes no answer.';
  return 'A later decision replaces it. Answer that one.';
}

function Answers({ of, zone }: { of: Schemas['Feedback'][]; zone: string }) {
  return (
    <ol className={classes.answers} reversed>
      {of.map((f) => (
        <li key={f.version}>
          {capital(verdictName[f.verdict])} by {f.by}, {dateTime(f.at, zone)}
          {f.until && `, until ${dateTime(f.until, zone)}`}
          {f.comment && <q className={classes.comment}>{f.comment}</q>}
        </li>
      ))}
    </ol>
  );
}

function Form({ id, takes, snoozes }: { id: string; takes: ReturnType<typeof answersTo>; snoozes: ReturnType<typeof snoozesOf> }) {
  const send = useAnswer();
  const [comment, setComment] = useState('');
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<Error>();

  async function give(answer: Answer) {
    setBusy(true);
    const [error] = await send([id], comment.trim() ? { ...answer, comment: comment.trim() } : answer);
    setFailed(error);
    setBusy(false);
  }

  return (
    <>
      <Textarea label="Comment" placeholder="Others see it" size="xs" autosize minRows={1} maxLength={1000} value={comment} onChange={(e) => setComment(e.currentTarget.value)} />
      <div className={classes.buttons}>
        <AnswerButtons takes={takes} snoozes={snoozes} busy={busy} give={(a) => void give(a)} />
      </div>
      {failed && <Failure error={failed} title="The answer was not stored" />}
    </>
  );
}

import type { Schemas } from '../api/client';

export type Verdict = Schemas['Feedback']['verdict'];

type Answerable = Pick<Schemas['DecisionHeader'], 'action' | 'mode' | 'validFrom' | 'validTo' | 'heldTo'>;

/** verdictName is an answer in words, as in "accepted by anna". */
export const verdictName: Record<Verdict, string> = {
  accepted: 'accepted',
  rejected: 'rejected',
  snoozed: 'snoozed',
  followed: 'followed',
};

/** answersTo are the answers that a decision takes at the twin's now, as the API has it. */
export function answersTo(d: Answerable, now: string | null): Verdict[] {
  if (now === null || d.action === 'none' || d.mode === 'Shadow') return [];
  const at = Date.parse(now);
  const begun = at >= Date.parse(d.validFrom);
  const withdrawn = d.heldTo !== d.validTo && Date.parse(d.heldTo) <= Date.parse(d.validFrom);
  const open = !withdrawn && at < Date.parse(d.heldTo);
  return [...(open ? (['accepted', 'rejected', 'snoozed'] as const) : []), ...(begun ? (['followed'] as const) : [])];
}

export interface Snooze {
  label: string;
  until: string;
}

const hour = 3_600_000;

/** snoozesOf are the times until which a decision may be put off: before it is over. */
export function snoozesOf(d: Answerable, now: string): Snooze[] {
  const at = Date.parse(now);
  const begins = Date.parse(d.validFrom);
  const choices = [
    { label: 'for an hour', time: at + hour },
    { label: 'for 3 hours', time: at + 3 * hour },
    { label: 'for 12 hours', time: at + 12 * hour },
    { label: 'until it begins', time: begins },
  ];
  return choices
    .filter((c) => c.time > at && c.time < Date.parse(d.heldTo))
    .map((c) => ({ label: c.label, until: new Date(c.time).toISOString() }));
}

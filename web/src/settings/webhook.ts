import type { Schemas } from '../api/client';

/** eventKinds are what a webhook may be about. */
export const eventKinds = ['state', 'forecast', 'decision', 'limit', 'alert'] as const;

export type EventKind = (typeof eventKinds)[number];

/** namesIn are the names of a text, separated by commas or spaces. */
export const namesIn = (text: string): string[] => [...new Set(text.split(/[\s,]+/).filter(Boolean))];

type Webhook = Schemas['WebhookView'];

/** about is what a webhook is sent, in words. */
export function about(w: Pick<Webhook, 'kinds' | 'groups' | 'meters'>): string {
  const what = w.kinds.length === 0 ? 'every event' : `events of the kind ${w.kinds.join(', ')}`;
  const of = [...w.groups, ...w.meters];
  return of.length === 0 ? what : `${what} about ${of.join(', ')}`;
}

/** offBecause is why a webhook gets no events. */
export function offBecause(w: Pick<Webhook, 'offReason'>): string {
  switch (w.offReason) {
    case 'failing':
      return 'turned off: nothing was delivered for too long';
    case 'gone':
      return 'turned off: the receiver answered that it is gone (410)';
    default:
      return 'turned off by hand; messages wait';
  }
}

/** answerOf is what a receiver answered to the newest attempt. */
export function answerOf(d: Pick<Schemas['DeliveryView'], 'tries'>): string {
  const last = d.tries.at(-1);
  if (!last) return 'not sent yet';
  const took = `in ${last.durationMs} ms`;
  if (last.status !== null) return `${last.status} ${took}${last.error ? `: ${last.error}` : ''}`;
  return last.error ?? took;
}

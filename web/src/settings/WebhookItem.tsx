import { Button } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { answer, client, type Schemas } from '../api/client';
import { webhooks } from '../api/questions';
import { Failure } from '../app/Failure';
import { counted } from '../format/energy';
import { age } from '../format/time';
import { Deliveries } from './Deliveries';
import { Sure } from './Sure';
import { about, answerOf, offBecause } from './webhook';
import type { Made } from './Webhooks';
import classes from './Webhooks.module.css';

type Webhook = Schemas['WebhookView'];

interface Props {
  webhook: Webhook;
  zone: string;
  changed: () => Promise<unknown>;
  onSecret: (made: Made) => void;
}

/** WebhookItem is a webhook, how it is doing, and what can be done with it. */
export function WebhookItem({ webhook: w, zone, changed, onSecret }: Props) {
  const [opened, setOpened] = useState(false);
  const [failed, setFailed] = useState<Error>();
  const [tested, setTested] = useState<Schemas['DeliveryView']>();
  const [busy, setBusy] = useState(false);
  const queries = useQueryClient();
  const path = { id: w.id };

  async function act(ask: () => Promise<unknown>) {
    setFailed(undefined);
    setTested(undefined);
    setBusy(true);
    try {
      await ask();
    } catch (problem) {
      setFailed(problem as Error);
    } finally {
      setBusy(false);
    }
    await changed();
  }

  const test = () => act(async () => setTested((await answer(client.POST('/api/v1/webhooks/{id}/test', { params: { path } }))).data));
  const enable = () => act(() => answer(client.PATCH('/api/v1/webhooks/{id}', { params: { path }, body: { enabled: !w.enabled } })));
  const remove = () => {
    setOpened(false); // its deliveries are gone with it
    return act(async () => {
      await queries.cancelQueries({ queryKey: [...webhooks.queryKey, w.id] });
      return answer(client.DELETE('/api/v1/webhooks/{id}', { params: { path } }));
    });
  };
  const rotate = () =>
    act(async () => {
      const made = await answer(client.POST('/api/v1/webhooks/{id}/rotate', { params: { path }, body: {} }));
      onSecret({ name: made.data.name, secret: made.data.secret });
    });

  return (
    <li className={classes.item}>
      <div className={classes.head}>
        <h3 className={classes.name}>{w.name}</h3>
        <span className={classes.status} data-status={w.status}>
          {w.status}
        </span>
        <code className={classes.address}>{w.url}</code>
      </div>
      <p className={classes.facts}>
        Gets {about(w)}. {stateOf(w)}
      </p>
      <div className={classes.buttons}>
        <Button size="compact-xs" variant="default" loading={busy} aria-label={`Send a test to ${w.name}`} onClick={() => void test()}>
          Send a test
        </Button>
        <Button size="compact-xs" variant="default" aria-expanded={opened} aria-label={`Deliveries of ${w.name}`} onClick={() => setOpened(!opened)}>
          Deliveries
        </Button>
        <Button size="compact-xs" variant="default" aria-label={`New secret for ${w.name}`} onClick={() => void rotate()}>
          New secret
        </Button>
        <Button size="compact-xs" variant="default" aria-label={`Turn ${w.enabled ? 'off' : 'on'} ${w.name}`} onClick={() => void enable()}>
          {w.enabled ? 'Turn off' : 'Turn on'}
        </Button>
        <Sure does="Delete" to={w.name} act={remove} />
      </div>
      {tested && (
        <p className={classes.facts} role="status">
          {tested.status === 'delivered' ? 'The test was delivered' : 'The test was not delivered'}: {answerOf(tested)}.
        </p>
      )}
      {failed && <Failure error={failed} title="This did not work" />}
      {opened && <Deliveries id={w.id} name={w.name} zone={zone} />}
    </li>
  );
}

function stateOf(w: Webhook): string {
  const parts: string[] = [];
  if (!w.enabled) parts.push(offBecause(w));
  parts.push(w.lastDeliveredAt ? `last delivered ${age(w.lastDeliveredAt, Date.now())}` : 'nothing delivered yet');
  if (w.failures > 0) parts.push(`${counted(w.failures, 'failed attempt')} since`);
  if (w.pending > 0) parts.push(`${counted(w.pending, 'message waits', 'messages wait')}`);
  if (w.droppedEvents > 0) parts.push(`${counted(w.droppedEvents, 'event')} found no room`);
  if (w.secretBeforeEndsAt) parts.push('the secret before signs too for now');
  const text = parts.join('; ');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

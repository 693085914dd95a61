import { Button, Checkbox, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { answer, client } from '../api/client';
import { Failure } from '../app/Failure';
import classes from './settings.module.css';
import { type EventKind, eventKinds, namesIn } from './webhook';
import type { Made } from './Webhooks';
import own from './Webhooks.module.css';

/** CreateWebhook makes a webhook; its secret is in the answer. */
export function CreateWebhook({ onCreated }: { onCreated: (made: Made) => void }) {
  const [name, setName] = useState('');
  const [url, setUrl] = useState('');
  const [kinds, setKinds] = useState<string[]>([]);
  const [groups, setGroups] = useState('');
  const [meters, setMeters] = useState('');
  const [failed, setFailed] = useState<Error>();
  const [busy, setBusy] = useState(false);

  async function create(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setFailed(undefined);
    try {
      const made = await answer(
        client.POST('/api/v1/webhooks', { body: { name: name.trim(), url: url.trim(), kinds: kinds as EventKind[], groups: namesIn(groups), meters: namesIn(meters) } }),
      );
      setName('');
      setUrl('');
      onCreated({ name: made.data.name, secret: made.data.secret });
    } catch (problem) {
      setFailed(problem as Error);
    } finally {
      setBusy(false);
    }
  }

  return (
    <>
      <form className={classes.form} onSubmit={create} aria-label="New webhook">
        <TextInput label="Name of a new webhook" placeholder="billing" value={name} onChange={(e) => setName(e.currentTarget.value)} maxLength={63} required withAsterisk={false} />
        <TextInput
          className={own.url}
          label="Address of the receiver"
          type="url"
          placeholder="https://example.org/energytwin"
          value={url}
          onChange={(e) => setUrl(e.currentTarget.value)}
          maxLength={2048}
          required
          withAsterisk={false}
        />
        <Checkbox.Group label="Events (none: all)" value={kinds} onChange={setKinds}>
          <div className={own.kinds}>
            {eventKinds.map((k) => (
              <Checkbox key={k} value={k} label={k} size="xs" />
            ))}
          </div>
        </Checkbox.Group>
        <TextInput label="Groups (none: all)" placeholder="feeder-1, feeder-2" value={groups} onChange={(e) => setGroups(e.currentTarget.value)} />
        <TextInput label="Meters (none: all)" placeholder="home-1, home-2" value={meters} onChange={(e) => setMeters(e.currentTarget.value)} />
        <Button type="submit" loading={busy}>
          Create webhook
        </Button>
      </form>
      {failed && <Failure error={failed} title="The webhook was not created" />}
    </>
  );
}

import { Button, NativeSelect, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { answer, client, type Schemas } from '../api/client';
import { Failure } from '../app/Failure';
import classes from './settings.module.css';

type Scope = Schemas['KeyView']['scope'];

const lifetimes = [
  { value: '90', label: '90 days' },
  { value: '365', label: 'a year' },
  { value: '', label: 'no end' },
];

/** CreateKey makes an API key. */
export function CreateKey({ onCreated }: { onCreated: (key: Schemas['CreatedKey']) => void }) {
  const [name, setName] = useState('');
  const [scope, setScope] = useState<Scope>('read');
  const [days, setDays] = useState('365');
  const [failed, setFailed] = useState<Error>();
  const [busy, setBusy] = useState(false);

  async function create(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setFailed(undefined);
    const expiry = days ? { expiresAt: new Date(Date.now() + Number(days) * 86_400_000).toISOString() } : {};
    try {
      const made = await answer(client.POST('/api/v1/keys', { body: { name: name.trim(), scope, ...expiry } }));
      setName('');
      onCreated(made.data);
    } catch (problem) {
      setFailed(problem as Error);
    } finally {
      setBusy(false);
    }
  }

  return (
    <>
      <form className={classes.form} onSubmit={create}>
        <TextInput label="Name of a new key" placeholder="charger-12" value={name} onChange={(e) => setName(e.currentTarget.value)} maxLength={63} required withAsterisk={false} />
        <NativeSelect label="Scope" value={scope} onChange={(e) => setScope(e.currentTarget.value as Scope)} data={['read', 'operate', 'admin']} />
        <NativeSelect label="Valid for" value={days} onChange={(e) => setDays(e.currentTarget.value)} data={lifetimes} />
        <Button type="submit" loading={busy}>
          Create
        </Button>
      </form>
      {failed && <Failure error={failed} />}
    </>
  );
}

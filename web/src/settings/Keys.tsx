import { Skeleton } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { answer, client, type Schemas } from '../api/client';
import { keys } from '../api/questions';
import { Card } from '../app/Card';
import { Failure } from '../app/Failure';
import table from '../app/Table.module.css';
import { dateTime } from '../format/time';
import { CreateKey } from './CreateKey';
import classes from './settings.module.css';
import { ShownOnce } from './ShownOnce';
import { Sure } from './Sure';

/** Keys lists, creates and revokes API keys, for who may. */
export function Keys({ scope, zone }: { scope: Schemas['Session']['scope']; zone: string }) {
  if (scope !== 'admin') {
    return (
      <Card title="API keys" note="Programs that ask this twin send a key">
        Managing keys needs a key with the scope admin; yours has {scope}.
      </Card>
    );
  }
  return <ManagedKeys zone={zone} />;
}

function ManagedKeys({ zone }: { zone: string }) {
  const queries = useQueryClient();
  const { data, error, refetch } = useQuery(keys);
  const [made, setMade] = useState<Schemas['CreatedKey']>();
  const [failed, setFailed] = useState<Error>();
  const changed = () => queries.invalidateQueries({ queryKey: keys.queryKey });

  async function revoke(id: string) {
    setFailed(undefined);
    try {
      await answer(client.DELETE('/api/v1/keys/{id}', { params: { path: { id } } }));
      if (made?.id === id) setMade(undefined);
    } catch (problem) {
      setFailed(problem as Error);
    }
    await changed();
  }

  return (
    <Card from={data} title="API keys" note="Programs that ask this twin send a key. Changes hold within a second">
      <CreateKey
        onCreated={(key) => {
          setMade(key);
          void changed();
        }}
      />
      {made && <ShownOnce of={`The key of ${made.name}`} text={made.key} done={() => setMade(undefined)} />}
      {failed && <Failure error={failed} />}
      {error && !data && <Failure error={error} retry={refetch} />}
      {!data && !error && <Skeleton height={160} />}
      {data && <KeyTable rows={data.data} zone={zone} revoke={revoke} />}
    </Card>
  );
}

interface TableProps {
  rows: Schemas['KeyView'][];
  zone: string;
  revoke: (id: string) => Promise<void>;
}

function KeyTable({ rows, zone, revoke }: TableProps) {
  return (
    <div className={table.scroll} role="region" tabIndex={0} aria-label="API keys">
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Scope</th>
            <th scope="col">State</th>
            <th scope="col">Created by</th>
            <th scope="col">Last used</th>
            <th scope="col">Ends</th>
            <th scope="col">
              <span className={table.right}>Revoke</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((k) => (
            <tr key={k.id} className={ended(k) ? classes.ended : undefined}>
              <th scope="row">
                {k.name}
                {k.current && ' (this session)'}
              </th>
              <td>{k.scope}</td>
              <td>{k.state}</td>
              <td>{k.origin === 'secret' ? 'the twin’s Secret' : k.createdBy}</td>
              <td>{k.lastUsedAt ? dateTime(k.lastUsedAt, zone) : 'not yet'}</td>
              <td>{k.endsAt ? dateTime(k.endsAt, zone) : 'never'}</td>
              <td>{k.origin === 'api' && !ended(k) && <Sure does="Revoke" to={k.name} act={() => revoke(k.id)} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function ended(k: Schemas['KeyView']): boolean {
  return k.state === 'expired' || k.state === 'revoked';
}

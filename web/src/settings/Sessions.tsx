import { Button, Skeleton } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { answer, client, type Schemas } from '../api/client';
import { sessions } from '../api/questions';
import { Card } from '../app/Card';
import { Failure } from '../app/Failure';
import table from '../app/Table.module.css';
import { dateTime } from '../format/time';
import { plainName } from '../session/start';

/** Sessions lists where somebody is signed in, and ends sessions: one's own, or with the scope admin all. */
export function Sessions({ scope, zone }: { scope: Schemas['Session']['scope']; zone: string }) {
  const queries = useQueryClient();
  const { data, error, refetch } = useQuery(sessions);
  const [failed, setFailed] = useState<Error>();

  async function end(asked: Parameters<typeof answer>[0]) {
    setFailed(undefined);
    try {
      await answer(asked);
    } catch (problem) {
      setFailed(problem as Error);
    }
    await queries.invalidateQueries({ queryKey: sessions.queryKey });
  }

  const others = data?.data.some((s) => !s.current);
  return (
    <Card
      from={data}
      title="Sessions"
      note={scope === 'admin' ? 'Where somebody is signed in. A session that is ended ends within a second' : 'Where you are signed in. A session that is ended ends within a second'}
      action={
        others && (
          <Button size="xs" variant="default" onClick={() => void end(client.DELETE('/api/v1/sessions'))}>
            End all others
          </Button>
        )
      }
    >
      {failed && <Failure error={failed} />}
      {error && !data && <Failure error={error} retry={refetch} />}
      {!data && !error && <Skeleton height={120} />}
      {data && <SessionTable rows={data.data} zone={zone} end={(id) => end(client.DELETE('/api/v1/sessions/{id}', { params: { path: { id } } }))} />}
    </Card>
  );
}

interface TableProps {
  rows: Schemas['OpenSession'][];
  zone: string;
  end: (id: string) => Promise<void>;
}

function SessionTable({ rows, zone, end }: TableProps) {
  return (
    <div className={table.scroll} role="region" tabIndex={0} aria-label="Sessions">
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">Who</th>
            <th scope="col">Signed in</th>
            <th scope="col">Since</th>
            <th scope="col">Last seen</th>
            <th scope="col">Ends</th>
            <th scope="col">
              <span className={table.right}>End</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((s) => (
            <tr key={s.id}>
              <th scope="row">
                {plainName(s.name)}
                {s.current && ' (this session)'}
              </th>
              <td>{s.method === 'oidc' ? 'as a person' : 'with the key'}</td>
              <td>{dateTime(s.since, zone)}</td>
              <td>{dateTime(s.lastSeenAt, zone)}</td>
              <td>{dateTime(s.expiresAt, zone)}</td>
              <td>
                {!s.current && (
                  <Button size="compact-xs" variant="default" aria-label={`End a session of ${plainName(s.name)}`} onClick={() => void end(s.id)}>
                    End
                  </Button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

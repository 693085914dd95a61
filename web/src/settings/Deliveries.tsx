import { Button, Skeleton } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { answer, client, type Schemas } from '../api/client';
import { deliveries, delivery, webhooks } from '../api/questions';
import { Failure } from '../app/Failure';
import { Pager, usePages } from '../app/Pager';
import table from '../app/Table.module.css';
import { count, counted } from '../format/energy';
import { dateTime } from '../format/time';
import { answerOf } from './webhook';
import classes from './Webhooks.module.css';

const states = { pending: 'waits', delivered: 'delivered', given_up: 'given up' };

/** Deliveries are the messages of a webhook and what came of them. */
export function Deliveries({ id, name, zone }: { id: string; name: string; zone: string }) {
  const queries = useQueryClient();
  const pages = usePages();
  const { data, error, refetch, isPlaceholderData } = useQuery(deliveries(id, pages.cursor));
  const [opened, setOpened] = useState('');
  const [failed, setFailed] = useState<Error>();

  async function again(of: string) {
    setFailed(undefined);
    try {
      await answer(client.POST('/api/v1/webhooks/{id}/deliveries/{delivery}/redeliver', { params: { path: { id, delivery: of } } }));
    } catch (problem) {
      setFailed(problem as Error);
    }
    await queries.invalidateQueries({ queryKey: webhooks.queryKey });
  }

  if (error && !data) return <Failure error={error} retry={refetch} />;
  if (!data) return <Skeleton height={120} />;
  if (data.data.length === 0) return <p className={classes.facts}>No message was made yet: the first comes with the next event, or with a test.</p>;
  return (
    <>
      {failed && <Failure error={failed} title="It was not sent again" />}
      <div className={classes.deliveries} role="region" tabIndex={0} aria-label={`Messages of ${name}`}>
        <table className={table.table}>
          <thead>
            <tr>
              <th scope="col">Created</th>
              <th scope="col">Message</th>
              <th scope="col">State</th>
              <th scope="col">Answer of the receiver</th>
              <th scope="col" className={table.right}>
                Attempts
              </th>
              <th scope="col">
                <span className={table.right}>Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {data.data.map((d) => (
              <Message key={d.id} id={id} of={d} zone={zone} opened={opened === d.id} open={() => setOpened(opened === d.id ? '' : d.id)} again={() => again(d.id)} />
            ))}
          </tbody>
        </table>
      </div>
      <Pager pages={pages} page={data.page} busy={isPlaceholderData} />
    </>
  );
}

interface MessageProps {
  id: string;
  of: Schemas['DeliveryView'];
  zone: string;
  opened: boolean;
  open: () => void;
  again: () => Promise<void>;
}

function Message({ id, of: d, zone, opened, open, again }: MessageProps) {
  const created = dateTime(d.createdAt, zone);
  return (
    <>
      <tr>
        <th scope="row">{created}</th>
        <td>{d.type === 'twin.test' ? 'test' : counted(d.events, 'event')}</td>
        <td>{states[d.status]}</td>
        <td className={classes.answer}>{answerOf(d)}</td>
        <td className={table.right}>{count(d.attempts)}</td>
        <td>
          <span className={classes.buttons}>
            <Button size="compact-xs" variant="default" aria-expanded={opened} aria-label={`Body of ${d.id}`} onClick={open}>
              Body
            </Button>
            <Button size="compact-xs" variant="default" aria-label={`Send again ${d.id}`} onClick={() => void again()}>
              Send again
            </Button>
          </span>
        </td>
      </tr>
      {opened && (
        <tr>
          <td colSpan={6}>
            <Body id={id} of={d.id} />
          </td>
        </tr>
      )}
    </>
  );
}

function Body({ id, of }: { id: string; of: string }) {
  const { data, error, refetch } = useQuery(delivery(id, of));
  if (error && !data) return <Failure error={error} retry={refetch} />;
  if (!data) return <Skeleton height={80} />;
  return (
    <pre className={classes.body} role="region" tabIndex={0} aria-label={`Body of ${of}`}>
      {JSON.stringify(data.data.body, null, 2)}
    </pre>
  );
}

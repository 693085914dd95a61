import { Skeleton } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Schemas } from '../api/client';
import { ApiError } from '../api/problem';
import { webhooks } from '../api/questions';
import { Card } from '../app/Card';
import { Empty } from '../app/Empty';
import { Failure } from '../app/Failure';
import { CreateWebhook } from './CreateWebhook';
import { ShownOnce } from './ShownOnce';
import { WebhookItem } from './WebhookItem';
import classes from './Webhooks.module.css';

const title = 'Webhooks';
const note = 'Receivers that are sent each event as it is stored, signed and at least once';

/** Webhooks lists, creates and changes webhooks, for who may. */
export function Webhooks({ scope, zone }: { scope: Schemas['Session']['scope']; zone: string }) {
  if (scope === 'read') {
    return (
      <Card title={title} note={note}>
        Managing webhooks needs a key with the scope operate; yours has {scope}.
      </Card>
    );
  }
  return <ManagedWebhooks zone={zone} />;
}

/** Made is a new secret, of the webhook with a name. */
export interface Made {
  name: string;
  secret: string;
}

function ManagedWebhooks({ zone }: { zone: string }) {
  const queries = useQueryClient();
  const { data, error, refetch } = useQuery(webhooks);
  const [made, setMade] = useState<Made>();
  const changed = () => queries.invalidateQueries({ queryKey: webhooks.queryKey });
  if (error instanceof ApiError && error.problem?.code === 'webhooks_not_sent') return <Off />;

  function show(secret: Made) {
    setMade(secret);
    void changed();
  }

  return (
    <Card from={data} title={title} note={note}>
      <CreateWebhook onCreated={show} />
      {made && <ShownOnce of={`The secret of ${made.name}`} text={made.secret} done={() => setMade(undefined)} />}
      {error && !data && <Failure error={error} retry={refetch} />}
      {!data && !error && <Skeleton height={120} />}
      {data?.data.length === 0 && <Empty title="No webhooks">A receiver gets decisions, limits at risk or alerts the moment they are stored, without asking again and again.</Empty>}
      {data && data.data.length > 0 && (
        <ul className={classes.list}>
          {data.data.map((w) => (
            <WebhookItem key={w.id} webhook={w} zone={zone} changed={changed} onSecret={show} />
          ))}
        </ul>
      )}
    </Card>
  );
}

/** Off explains how webhooks are turned on. */
function Off() {
  return (
    <Card title={title} note={note}>
      <Empty title="This twin sends no webhooks">
        Set <code>spec.api.webhooks.enabled: true</code> in its specification to turn them on; the twin’s rows stay as they are.
      </Empty>
    </Card>
  );
}

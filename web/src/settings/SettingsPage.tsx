import { Button, SegmentedControl, Skeleton, useMantineColorScheme } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import type { Schemas } from '../api/client';
import { session, twin } from '../api/questions';
import { Card } from '../app/Card';
import { Fact } from '../app/Fact';
import page from '../app/Page.module.css';
import { useTitle } from '../app/title';
import { dateTime } from '../format/time';
import { plainName } from '../session/start';
import { Keys } from './Keys';
import { Sessions } from './Sessions';
import classes from './settings.module.css';
import { Webhooks } from './Webhooks';

/** SettingsPage has the session of this browser, how the pages look, the API keys and the webhooks. */
export function SettingsPage() {
  useTitle('Settings');
  const { data } = useQuery(session);
  const zone = useQuery(twin).data?.data.timezone ?? 'UTC';
  const holder = data?.data;
  if (!holder) return <Skeleton height={420} />;
  return (
    <div className={page.page}>
      <h1 className={page.title}>Settings</h1>
      <SessionCard holder={holder} zone={zone} />
      <Sessions scope={holder.scope} zone={zone} />
      <Keys scope={holder.scope} zone={zone} />
      <Webhooks scope={holder.scope} zone={zone} />
    </div>
  );
}

function SessionCard({ holder, zone }: { holder: Schemas['Session']; zone: string }) {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Card
      title="This browser"
      note="The session ends by itself, when you sign out, and with the key or the groups that gave it"
      action={
        <Button component={Link} href="/operations" size="xs" variant="default">
          How to reproduce this twin
        </Button>
      }
    >
      <dl className={classes.facts}>
        {holder.method === 'oidc' ? (
          <Fact label="Signed in as">{plainName(holder.name)}</Fact>
        ) : (
          <Fact label="Signed in with the key">{holder.name}</Fact>
        )}
        <Fact label="Scope">{holder.scope}</Fact>
        <Fact label="Session ends">{dateTime(holder.expiresAt, zone)}</Fact>
      </dl>
      <SegmentedControl
        aria-label="Colours"
        value={colorScheme}
        onChange={(value) => setColorScheme(value as typeof colorScheme)}
        data={[
          { value: 'light', label: 'Light' },
          { value: 'dark', label: 'Dark' },
          { value: 'auto', label: 'As the system' },
        ]}
      />
    </Card>
  );
}

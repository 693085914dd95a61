import { ActionIcon, Menu, Tooltip, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { IconBook2, IconLogout, IconMoon, IconSearch, IconSettings, IconSun, IconUser } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link, useRoute } from 'wouter';
import { answer, client, root, type Schemas } from '../api/client';
import { session, twin } from '../api/questions';
import { KeyList } from '../palette/KeyList';
import { Palette } from '../palette/Palette';
import { usePalette } from '../palette/usePalette';
import { forget } from '../session/ended';
import { plainName } from '../session/start';
import { useConnection } from './connection';
import { useLive } from './useLive';
import { ConnectionBar } from './ConnectionBar';
import { Mark } from './Mark';
import classes from './Shell.module.css';
import { TwinClock } from './TwinClock';

/** Shell is what every page has around it. */
export function Shell({ holder, children }: { holder: Schemas['Session']; children: ReactNode }) {
  const { data } = useQuery(twin);
  const connection = useConnection();
  const [opened, setOpened] = usePalette();
  useLive();
  return (
    <>
      <a className={classes.skip} href="#content">
        Skip to the content
      </a>
      <header className={classes.header}>
        <div className={classes.bar}>
          <Link href="/" className={classes.brand} aria-label="EnergyTwin, overview">
            <Mark />
          </Link>
          <nav aria-label="Pages" className={classes.nav}>
            <Tab href="/" label="Overview" />
            <Tab href="/groups" label="Groups" below />
            <Tab href="/decisions" label="Decisions" below />
            <Tab href="/meters" label="Meters" below />
            <Tab href="/forecasts" label="Forecasts" />
            <Tab href="/data-quality" label="Data quality" />
            <Tab href="/operations" label="Operations" />
          </nav>
          <div className={classes.clock}>{data && <TwinClock twin={data.data} lost={connection.lost} />}</div>
          <div className={classes.right}>
            <Tooltip label="Go to (Ctrl K)">
              <ActionIcon variant="subtle" color="gray" size="lg" aria-label="Go to" onClick={() => setOpened('palette')}>
                <IconSearch size={19} stroke={1.7} />
              </ActionIcon>
            </Tooltip>
            <SchemeSwitch />
            <Account holder={holder} />
          </div>
        </div>
        <ConnectionBar {...connection} twin={data?.data} />
      </header>
      <main id="content" tabIndex={-1} className={classes.main} data-lost={connection.lost || undefined}>
        {children}
      </main>
      <Palette opened={opened === 'palette'} close={() => setOpened(undefined)} />
      <KeyList opened={opened === 'keys'} close={() => setOpened(undefined)} />
      <footer className={classes.footer}>
        {data && (
          <>
            <span>
              {data.data.namespace ? `${data.data.namespace} / ` : ''}
              {data.data.name}
            </span>
            <span>EnergyTwin {data.data.version}</span>
            <span>Times in {data.data.timezone}</span>
          </>
        )}
      </footer>
    </>
  );
}

function Tab({ href, label, below = false }: { href: string; label: string; below?: boolean }) {
  const [here] = useRoute(href);
  const [under] = useRoute(`${href}/*`);
  const current = here || (below && under);
  return (
    <Link href={href} className={classes.tab} aria-current={current ? 'page' : undefined}>
      {label}
    </Link>
  );
}

function SchemeSwitch() {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme();
  const other = scheme === 'dark' ? 'light' : 'dark';
  return (
    <Tooltip label={`Switch to ${other} mode`}>
      <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`Switch to ${other} mode`} onClick={() => setColorScheme(other)}>
        {scheme === 'dark' ? <IconSun size={19} stroke={1.7} /> : <IconMoon size={19} stroke={1.7} />}
      </ActionIcon>
    </Tooltip>
  );
}

function Account({ holder }: { holder: Schemas['Session'] }) {
  const queries = useQueryClient();
  async function signOut() {
    await answer(client.DELETE('/api/v1/session'));
    forget();
    await queries.cancelQueries();
    await queries.resetQueries({ queryKey: session.queryKey }); // leads to the sign-in
    queries.removeQueries({ predicate: (q) => q.queryKey[0] !== session.queryKey[0] });
  }
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`Account ${plainName(holder.name)}`}>
          <IconUser size={19} stroke={1.7} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          Signed in as {plainName(holder.name)} ({holder.scope})
        </Menu.Label>
        <Menu.Item component={Link} href="/settings" leftSection={<IconSettings size={16} stroke={1.7} />}>
          Settings
        </Menu.Item>
        <Menu.Item component="a" href={new URL('docs', root).href} leftSection={<IconBook2 size={16} stroke={1.7} />}>
          API documentation
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} stroke={1.7} />} onClick={signOut}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

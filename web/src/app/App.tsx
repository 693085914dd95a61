import { Center, Loader, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ComponentType, lazy, Suspense, useEffect, useState } from 'react';
import { Route, Switch, useLocation } from 'wouter';
import { rememberToken } from '../api/client';
import { ApiError } from '../api/problem';
import { session } from '../api/questions';
import { Overview } from '../overview/Overview';
import { endingOf, lastHolder, remember } from '../session/ended';
import { SignIn } from '../session/SignIn';
import { usePathName } from './address';
import { Failure } from './Failure';
import { NotFound } from './NotFound';
import { PageBoundary } from './PageBoundary';
import { Shell } from './Shell';

// Pages are loaded when they are opened first; most people begin with the overview.
const DecisionPage = lazy(async () => ({ default: (await import('../decisions/DecisionPage')).DecisionPage }));
const DecisionsPage = lazy(async () => ({ default: (await import('../decisions/DecisionsPage')).DecisionsPage }));
const Forecasts = lazy(async () => ({ default: (await import('../forecasts/Forecasts')).Forecasts }));
const GroupPage = lazy(async () => ({ default: (await import('../groups/GroupPage')).GroupPage }));
const Groups = lazy(async () => ({ default: (await import('../groups/Groups')).Groups }));
const MeterPage = lazy(async () => ({ default: (await import('../meters/MeterPage')).MeterPage }));
const Meters = lazy(async () => ({ default: (await import('../meters/Meters')).Meters }));
const OperationsPage = lazy(async () => ({ default: (await import('../operations/OperationsPage')).OperationsPage }));
const QualityPage = lazy(async () => ({ default: (await import('../quality/QualityPage')).QualityPage }));
const SettingsPage = lazy(async () => ({ default: (await import('../settings/SettingsPage')).SettingsPage }));

/** App shows the pages to who has signed in, when they are ready to be drawn. */
export function App({ ready }: { ready: Promise<void> }) {
  const { data, error, refetch } = useQuery(session);
  const [drawn, draw] = useState(false);
  useEffect(() => void ready.then(() => draw(true)), [ready]);
  const [place] = useLocation();
  if (error instanceof ApiError && error.status === 401) return <SignIn ending={endingOf(error.problem?.reason, lastHolder(), Date.now())} />;
  if (error && !data) {
    return (
      <Center mih="100vh" p="md">
        <Failure error={error} retry={refetch} />
      </Center>
    );
  }
  if (!data || !drawn) {
    return (
      <Center mih="100vh">
        <Loader aria-label="Loading" />
      </Center>
    );
  }
  rememberToken(data.data.csrfToken);
  remember(data.data);
  return (
    <Shell holder={data.data}>
      <PageBoundary place={place}>
        <Suspense fallback={<Skeleton height={420} />}>
          <Switch>
            <Route path="/" component={Overview} />
            <Route path="/groups" component={Groups} />
            <Route path="/groups/:id">
              <Named page={GroupPage} />
            </Route>
            <Route path="/decisions" component={DecisionsPage} />
            <Route path="/decisions/:id">
              <Named page={DecisionPage} />
            </Route>
            <Route path="/forecasts" component={Forecasts} />
            <Route path="/operations" component={OperationsPage} />
            <Route path="/settings" component={SettingsPage} />
            <Route path="/data-quality" component={QualityPage} />
            <Route path="/meters" component={Meters} />
            <Route path="/meters/:id">
              <Named page={MeterPage} />
            </Route>
            <Route component={NotFound} />
          </Switch>
        </Suspense>
      </PageBoundary>
    </Shell>
  );
}

/** Named is the page of what the address names. */
function Named({ page: Page }: { page: ComponentType<{ id: string }> }) {
  const id = usePathName();
  return id ? <Page key={id} id={id} /> : <NotFound />;
}

import { Center, Loader } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ComponentType } from 'react';
import { Route, Switch, useLocation } from 'wouter';
import { rememberToken } from '../api/client';
import { ApiError } from '../api/problem';
import { session } from '../api/questions';
import { DecisionPage } from '../decisions/DecisionPage';
import { DecisionsPage } from '../decisions/DecisionsPage';
import { Forecasts } from '../forecasts/Forecasts';
import { GroupPage } from '../groups/GroupPage';
import { Groups } from '../groups/Groups';
import { MeterPage } from '../meters/MeterPage';
import { Meters } from '../meters/Meters';
import { OperationsPage } from '../operations/OperationsPage';
import { Overview } from '../overview/Overview';
import { QualityPage } from '../quality/QualityPage';
import { SettingsPage } from '../settings/SettingsPage';
import { SignIn } from '../session/SignIn';
import { usePathName } from './address';
import { Failure } from './Failure';
import { NotFound } from './NotFound';
import { PageBoundary } from './PageBoundary';
import { Shell } from './Shell';

/** App shows the pages to who has signed in. */
export function App() {
  const { data, error, refetch } = useQuery(session);
  const [place] = useLocation();
  if (error instanceof ApiError && error.status === 401) return <SignIn />;
  if (error && !data) {
    return (
      <Center mih="100vh" p="md">
        <Failure error={error} retry={refetch} />
      </Center>
    );
  }
  if (!data) {
    return (
      <Center mih="100vh">
        <Loader aria-label="Loading" />
      </Center>
    );
  }
  rememberToken(data.data.csrfToken);
  return (
    <Shell holder={data.data}>
      <PageBoundary place={place}>
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
      </PageBoundary>
    </Shell>
  );
}

/** Named is the page of what the address names. */
function Named({ page: Page }: { page: ComponentType<{ id: string }> }) {
  const id = usePathName();
  return id ? <Page key={id} id={id} /> : <NotFound />;
}

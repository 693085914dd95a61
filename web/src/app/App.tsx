import { Center, Loader } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Redirect, Route, Switch } from 'wouter';
import { rememberToken } from '../api/client';
import { ApiError } from '../api/problem';
import { session } from '../api/questions';
import { MeterPage } from '../meters/MeterPage';
import { Meters } from '../meters/Meters';
import { Overview } from '../overview/Overview';
import { SignIn } from '../session/SignIn';
import { Failure } from './Failure';
import { Shell } from './Shell';

/** App shows the pages to who has signed in. */
export function App() {
  const { data, error, refetch } = useQuery(session);
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
      <Switch>
        <Route path="/" component={Overview} />
        <Route path="/meters" component={Meters} />
        <Route path="/meters/:id">{({ id }) => <MeterPage id={decodeURIComponent(id)} />}</Route>
        <Route>
          <Redirect to="/" replace />
        </Route>
      </Switch>
    </Shell>
  );
}

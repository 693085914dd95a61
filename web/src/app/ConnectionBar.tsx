import type { Schemas } from '../api/client';
import type { Connection } from './connection';
import classes from './ConnectionBar.module.css';

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });

interface Props extends Connection {
  /** The twin as it was known last; its namespace is empty outside of a cluster. */
  twin: Pick<Schemas['Twin'], 'namespace' | 'name'> | undefined;
}

/** ConnectionBar warns that what the page shows is no longer kept up to date, and what to do: a twin that is suspended serves no page. */
export function ConnectionBar({ lost, heard, twin }: Props) {
  if (!lost) return null;
  return (
    <div className={classes.bar} role="alert">
      <strong>The twin does not answer.</strong>{' '}
      {heard > 0 ? `The page shows what it knew at ${clock.format(heard)} by this computer’s clock, and asks again by itself.` : 'The page asks again by itself.'}
      {twin?.namespace && (
        <>
          {' '}
          If the twin is suspended or hibernates, <code>{`kubectl energytwin resume ${twin.name} -n ${twin.namespace}`}</code> runs it again.
        </>
      )}
    </div>
  );
}

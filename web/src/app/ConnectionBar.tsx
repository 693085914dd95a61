import type { Connection } from './connection';
import classes from './ConnectionBar.module.css';

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });

/** ConnectionBar warns that what the page shows is no longer kept up to date. */
export function ConnectionBar({ lost, heard }: Connection) {
  if (!lost) return null;
  return (
    <div className={classes.bar} role="alert">
      <strong>The twin does not answer.</strong>{' '}
      {heard > 0 ? `The page shows what it knew at ${clock.format(heard)} by this computer’s clock, and asks again by itself.` : 'The page asks again by itself.'}
    </div>
  );
}

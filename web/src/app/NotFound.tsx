import { Link } from 'wouter';
import { Empty } from './Empty';
import classes from './Page.module.css';
import { useTitle } from './title';

/** NotFound answers an address that leads nowhere. */
export function NotFound() {
  useTitle('Page not found');
  return (
    <div className={classes.page}>
      <h1 className={classes.title}>Page not found</h1>
      <Empty title="There is no page at this address">
        It may have been cut off where it was copied. <Link className={classes.link} href="/">The overview</Link> leads to everything.
      </Empty>
    </div>
  );
}

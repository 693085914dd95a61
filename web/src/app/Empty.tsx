import type { ReactNode } from 'react';
import classes from './Empty.module.css';

/** Empty explains why there is nothing, and when there will be. */
export function Empty({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className={classes.empty}>
      <p className={classes.title}>{title}</p>
      <p className={classes.text}>{children}</p>
    </div>
  );
}

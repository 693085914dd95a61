import type { ReactNode } from 'react';
import { useId } from 'react';
import type { Asked } from '../api/client';
import classes from './Card.module.css';
import { CopyCurl } from './CopyCurl';

interface Props {
  title: string;
  note?: ReactNode;
  action?: ReactNode;
  from?: Asked | undefined; // the answer that it shows
  children: ReactNode;
  className?: string | undefined;
  /** The note stands beside the title, and little room around them. */
  dense?: boolean;
}

/** Card is a titled part of a page. */
export function Card({ title, note, action, from, children, className, dense = false }: Props) {
  const id = useId();
  return (
    <section className={`${classes.card} ${className ?? ''}`} aria-labelledby={id} data-dense={dense || undefined}>
      <header className={classes.header}>
        <div className={classes.words}>
          <h2 id={id} className={classes.title}>
            {title}
          </h2>
          {note && <p className={classes.note}>{note}</p>}
        </div>
        <div className={classes.actions}>
          {action}
          {from && <CopyCurl of={title} source={from.source} />}
        </div>
      </header>
      {children}
    </section>
  );
}

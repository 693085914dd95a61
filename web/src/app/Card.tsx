import type { ReactNode } from 'react';
import { useId } from 'react';
import classes from './Card.module.css';

interface Props {
  title: string;
  note?: ReactNode;
  action?: ReactNode;
  children: ReactNode;
  className?: string | undefined;
}

/** Card is a titled part of a page. */
export function Card({ title, note, action, children, className }: Props) {
  const id = useId();
  return (
    <section className={`${classes.card} ${className ?? ''}`} aria-labelledby={id}>
      <header className={classes.header}>
        <div>
          <h2 id={id} className={classes.title}>
            {title}
          </h2>
          {note && <p className={classes.note}>{note}</p>}
        </div>
        {action}
      </header>
      {children}
    </section>
  );
}

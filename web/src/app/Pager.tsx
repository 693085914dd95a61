import { Button } from '@mantine/core';
import { useState } from 'react';
import type { Schemas } from '../api/client';
import classes from './Page.module.css';

/** Pages are the pages of a list that were walked. */
export interface Pages {
  /** Of the page shown; undefined for the first. */
  cursor: string | undefined;
  walked: string[];
  walk: (cursors: string[]) => void;
  /** Goes back to the first page: a cursor belongs to its filters. */
  restart: () => void;
}

/** usePages begins at the first page of a list. */
export function usePages(): Pages {
  const [walked, walk] = useState<string[]>([]);
  return { cursor: walked.at(-1), walked, walk, restart: () => walk([]) };
}

interface Props {
  pages: Pages;
  /** Where the page shown ends; undefined while it is not known. */
  page: Schemas['Page'] | undefined;
  /** Another page is on its way. */
  busy: boolean;
}

/** Pager goes from page to page; it is not there for a list of one page. */
export function Pager({ pages: { walked, walk }, page, busy }: Props) {
  const next = page?.nextCursor;
  if (walked.length === 0 && !page?.hasMore) return null;
  return (
    <nav className={classes.pager} aria-label="Pages of the list">
      <Button variant="default" size="xs" disabled={walked.length === 0} onClick={() => walk(walked.slice(0, -1))}>
        Back
      </Button>
      <Button variant="default" size="xs" disabled={!next || busy} onClick={() => next && walk([...walked, next])}>
        Next
      </Button>
    </nav>
  );
}

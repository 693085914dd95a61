import type { QueryClient } from '@tanstack/react-query';
import { groups, load, prices, quality, session, thisMonth, twin } from '../api/questions';
import { usual } from './spans';

/** patience is how long the first page waits for what it begins with, in milliseconds; what comes later is drawn when it comes. */
const patience = 400;

/**
 * askEarly asks for what the page begins with while it is still made, if the browser has a session.
 * The promise is kept when the first page can be drawn at once, rather than piece by piece.
 */
export async function askEarly(queries: QueryClient, home: string): Promise<void> {
  if (document.querySelector<HTMLMetaElement>('meta[name="session"]')?.content !== 'cookie') return;
  const awaited = [queries.prefetchQuery(session), queries.prefetchQuery(twin)];
  if (location.pathname.replace(/\/$/, '') !== home) return;
  const chosen = new URLSearchParams(location.search);
  if (!['range', 'from', 'to'].some((name) => chosen.has(name))) awaited.push(queries.prefetchQuery(load({ from: usual })), queries.prefetchQuery(prices({ from: usual })));
  awaited.push(queries.prefetchQuery(groups));
  void queries.prefetchQuery(thisMonth);
  void queries.prefetchQuery(quality);
  await Promise.race([Promise.all(awaited), new Promise((resolve) => setTimeout(resolve, patience))]);
}

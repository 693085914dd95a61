import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { Hours, loadOfGroup, loadOfTwin, withHours } from '../api/carry';
import type { Schemas } from '../api/client';
import { live } from '../api/live';
import { clock, groups } from '../api/questions';
import { Refresher } from '../api/refresh';

/** everySoOften is how often it is decided what to ask again, in milliseconds. */
const everySoOften = 1_000;

/** useLive keeps what the pages show up to date by the stream of events, as long as they can be seen. */
export function useLive(): void {
  const queries = useQueryClient();
  useEffect(() => {
    const refresher = new Refresher();
    const hours = new Hours();
    let fresh = false; // hours have come since they were shown
    const deaf = live.listen((kind, data) => {
      if (kind === 'state') {
        showLoad(queries, data as Schemas['StateEvent']);
        hours.take(data as Schemas['StateEvent']);
        fresh = true;
      }
      refresher.note(kind, Date.now());
    });
    // With an answer it is decided when a question is asked next: without events, soon.
    const changed = live.subscribe(() => {
      if (!live.isOn() && !document.hidden) void queries.invalidateQueries({ type: 'active' });
    });
    const tick = setInterval(() => {
      if (!live.isOn()) return;
      if (fresh) showHours(queries, hours);
      fresh = false;
      const onPage = queries
        .getQueryCache()
        .findAll({ type: 'active', fetchStatus: 'idle' })
        .map((q) => ({ root: String(q.queryKey[0]), answered: q.state.dataUpdatedAt, key: q.queryKey }));
      for (const { key } of refresher.round(onPage, Date.now())) void queries.refetchQueries({ queryKey: key, exact: true });
    }, everySoOften);
    const deafToAnswers = queries.getQueryCache().subscribe(({ type, query }) => {
      if (type !== 'updated' || query.state.status !== 'success' || query.queryKey[0] === clock.queryKey[0]) return;
      const asOf = (query.state.data as { meta?: { asOf?: string | null } } | undefined)?.meta?.asOf;
      if (asOf) moveClock(queries, asOf);
    });
    const stop = live.start();
    return () => {
      deafToAnswers();
      clearInterval(tick);
      deaf();
      changed();
      stop();
    };
  }, [queries]);
}

/** showLoad puts the load of an event into the list of groups, without asking for it. */
function showLoad(queries: QueryClient, event: Schemas['StateEvent']): void {
  const updatedAt = queries.getQueryState(groups.queryKey)?.dataUpdatedAt ?? 0; // the rest of the answer is as old as before
  queries.setQueryData(groups.queryKey, (known) => {
    const at = known?.data.findIndex((g) => g.id === event.group) ?? -1;
    const group = known?.data[at];
    if (!known || !group || (group.lastAt && group.lastAt >= event.at)) return known;
    const lastKwh = event.kwh;
    const utilisation = group.capacityKw && lastKwh !== null ? lastKwh / group.capacityKw : group.utilisation;
    return { ...known, data: known.data.with(at, { ...group, lastAt: event.at, lastKwh, utilisation }) };
  }, { updatedAt });
}

/** showHours puts hours of events into the loads that reach up to now, without asking for them. */
function showHours(queries: QueryClient, hours: Hours): void {
  const reported = hours.all();
  const all = queries.getQueryData(groups.queryKey)?.data ?? [];
  for (const { queryKey, state } of queries.getQueryCache().findAll({ type: 'active', fetchStatus: 'idle' })) {
    const [root, id, what, range] = queryKey as [string, unknown, unknown, unknown];
    const twin = root === 'load';
    const group = root === 'groups' && what === 'load';
    if ((!twin && !group) || !isUpToNow(twin ? id : range)) continue;
    const of = group ? loadOfGroup(String(id)) : loadOfTwin(all);
    const shown = queries.setQueryData<Schemas['AnswerLoad']>(queryKey, (known) => known && withHours(known, reported, of), { updatedAt: state.dataUpdatedAt });
    if (shown?.meta.asOf) moveClock(queries, shown.meta.asOf);
  }
}

/** moveClock shows the newest time that anything on the page is of, as the twin’s. */
function moveClock(queries: QueryClient, asOf: string): void {
  queries.setQueryData(clock.queryKey, (shown) => (shown && Date.parse(shown) >= Date.parse(asOf) ? shown : asOf));
}

const isUpToNow = (range: unknown) => typeof range === 'object' && range !== null && !('to' in range && range.to);

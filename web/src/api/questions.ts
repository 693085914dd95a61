import { keepPreviousData, queryOptions, skipToken } from '@tanstack/react-query';
import { answer, client } from './client';
import { live } from './live';
import type { Asked as Range } from '../chart/range';

// What the pages ask for, and how often they ask again.

const rare = 60_000;

/** unlessLive asks again and again where no events come; where they do, they lead to the questions. */
const unlessLive = (every: number, beside: number | false) => () => (live.isOn() ? beside : every);

// The twin itself is asked most often: what moves with it can wait. Beside events, it is asked to
// notice that the connection is gone.
const watch = 70_000;
const often = unlessLive(4_000, watch);
const calm = unlessLive(15_000, false);
const seldom = unlessLive(rare, false);

export const session = queryOptions({
  queryKey: ['session'],
  queryFn: () => answer(client.GET('/api/v1/session')),
  staleTime: 60_000,
});

export const waysIn = queryOptions({
  queryKey: ['waysIn'],
  queryFn: () => answer(client.GET('/api/v1/sign-in')),
  refetchInterval: rare,
});

export const sessions = queryOptions({
  queryKey: ['sessions'],
  queryFn: () => answer(client.GET('/api/v1/sessions')),
});

export const twin = queryOptions({
  queryKey: ['twin'],
  queryFn: () => answer(client.GET('/api/v1/twin')),
  refetchInterval: often,
});

/** ends are the parameters of a range; one without an end reaches as far as is usual. */
const ends = ({ from, to }: Range) => ({ from, ...(to && { to }) });

/** clock is the twin's now as events carry it, where they do. It is not asked for: the twin itself is. */
export const clock = queryOptions<string | null>({ queryKey: ['clock'], queryFn: skipToken });

export const load = (range: Range) =>
  queryOptions({
    queryKey: ['load', range],
    queryFn: () => answer(client.GET('/api/v1/load', { params: { query: ends(range) } })),
    refetchInterval: calm,
    placeholderData: keepPreviousData,
  });

/** prices are those of the hours of a load. */
export const prices = ({ from, to = 'now+25h' }: Range) =>
  queryOptions({
    queryKey: ['prices', { from, to }],
    queryFn: () => answer(client.GET('/api/v1/prices', { params: { query: { from, to } } })),
    refetchInterval: seldom,
    placeholderData: keepPreviousData,
  });

export const groups = queryOptions({
  queryKey: ['groups'],
  queryFn: () => answer(client.GET('/api/v1/groups')),
  refetchInterval: calm,
});

export const groupLoad = (id: string, range: Range) =>
  queryOptions({
    queryKey: ['groups', id, 'load', range],
    queryFn: () => answer(client.GET('/api/v1/groups/{id}/load', { params: { path: { id }, query: ends(range) } })),
    refetchInterval: calm,
    placeholderData: keepPreviousData,
  });

/** groupForecast is the newest forecast of a group. */
export const groupForecast = (id: string) =>
  queryOptions({
    queryKey: ['groups', id, 'forecast'],
    queryFn: () => answer(client.GET('/api/v1/groups/{id}/forecasts', { params: { path: { id }, query: { limit: 1 } } })),
    refetchInterval: calm,
  });

export const lastWeek = queryOptions({
  queryKey: ['kpis', 'week'],
  queryFn: () => answer(client.GET('/api/v1/kpis', { params: { query: { from: 'now-7d' } } })),
  refetchInterval: calm,
});

/** thisMonth ends with the month under way; the month of a week ago comes before it. */
export const thisMonth = queryOptions({
  queryKey: ['kpis', 'month'],
  queryFn: () => answer(client.GET('/api/v1/kpis', { params: { query: { by: 'month' } } })),
  refetchInterval: calm,
});

export const quality = queryOptions({
  queryKey: ['quality'],
  queryFn: () => answer(client.GET('/api/v1/data-quality', { params: { query: { limit: 1 } } })),
  refetchInterval: calm,
});

/** rejected is a page of the rejected messages, newest first, of one reason or of all. */
export const rejected = (reason: string, cursor: string | undefined) =>
  queryOptions({
    queryKey: ['quality', reason, cursor],
    queryFn: () =>
      answer(client.GET('/api/v1/data-quality', { params: { query: { limit: 25, ...(reason && { reason }), ...(cursor && { cursor }) } } })),
    refetchInterval: calm,
    placeholderData: keepPreviousData,
  });

/** groupsOfMap is how many groups the map of missing hours shows. */
const groupsOfMap = 30;

/** missingHours are those of all meters, by day and by group, those with most first. */
export const missingHours = (from: string) =>
  queryOptions({
    queryKey: ['quality', 'missing', from],
    queryFn: () => answer(client.GET('/api/v1/data-quality/missing', { params: { query: { from, limit: groupsOfMap } } })),
    refetchInterval: seldom,
    placeholderData: keepPreviousData,
  });

export type AccuracyOf = 'meters' | 'groups';
export type AccuracyBy = 'none' | 'lead' | 'hour' | 'weekday' | 'day' | 'month' | 'meter' | 'group' | 'model';

/** accuracy compares forecasts with what was measured. */
export const accuracy = (of: AccuracyOf, by: AccuracyBy, from: string) =>
  queryOptions({
    queryKey: ['accuracy', of, by, from],
    queryFn: () => answer(client.GET('/api/v1/forecasts/accuracy', { params: { query: { of, by, from } } })),
    refetchInterval: seldom, // it costs more than the rest, and an event changes little of it
    placeholderData: keepPreviousData,
  });

export const operations = queryOptions({
  queryKey: ['operations'],
  queryFn: () => answer(client.GET('/api/v1/operations')),
  refetchInterval: calm,
});

export const spec = queryOptions({
  queryKey: ['spec'],
  queryFn: () => answer(client.GET('/api/v1/spec')),
  staleTime: rare,
});

/** DecisionMode picks the decisions for action, or those of a policy in shadow mode. */
export type DecisionMode = 'Advisory' | 'Shadow';

export const topDecisions = (mode: DecisionMode) =>
  queryOptions({
    queryKey: ['decisions', 'top', mode],
    queryFn: () =>
      answer(
        client.GET('/api/v1/decisions', {
          params: { query: { from: 'now-24h', action: 'any', sort: '-risk', inForce: true, limit: 8, mode } },
        }),
      ),
    refetchInterval: calm,
  });

/** groupDecisions are those in force for a group and its meters, limits first. */
export const groupDecisions = (group: string, mode: DecisionMode) =>
  queryOptions({
    queryKey: ['decisions', 'group', group, mode],
    queryFn: () =>
      answer(
        client.GET('/api/v1/decisions', {
          params: { query: { group, from: 'now-24h', action: 'any', sort: '-risk', inForce: true, limit: 8, mode } },
        }),
      ),
    refetchInterval: calm,
  });

export type DecisionSort = '-risk' | '-savingP50' | '-issuedAt';
export type DecisionStatus = 'planned' | 'active' | 'open' | 'past';

export type DecisionFeedback = 'none' | 'accepted' | 'rejected' | 'snoozed' | 'followed';

export interface DecisionFilter {
  status: DecisionStatus | undefined;
  about: 'meter' | 'group' | undefined;
  sort: DecisionSort;
  group: string | undefined;
  feedback: DecisionFeedback | undefined;
  cursor: string | undefined;
  mode: DecisionMode;
}

/** decisions is a page of the decisions of the last week. */
export const decisions = (filter: DecisionFilter) =>
  queryOptions({
    queryKey: ['decisions', 'list', filter],
    queryFn: () =>
      answer(
        client.GET('/api/v1/decisions', {
          params: {
            query: {
              from: 'now-7d',
              action: 'any',
              inForce: true,
              limit: 30,
              sort: filter.sort,
              mode: filter.mode,
              ...(filter.status && { status: filter.status }),
              ...(filter.about && { about: filter.about }),
              ...(filter.group && { group: filter.group }),
              ...(filter.feedback && { feedback: filter.feedback }),
              ...(filter.cursor && { cursor: filter.cursor }),
            },
          },
        }),
      ),
    refetchInterval: calm,
    placeholderData: keepPreviousData,
  });

export const meterDecisions = (meter: string, mode: DecisionMode) =>
  queryOptions({
    queryKey: ['decisions', 'meter', meter, mode],
    queryFn: () => answer(client.GET('/api/v1/decisions', { params: { query: { meter, limit: 7, mode } } })),
    refetchInterval: calm,
  });

/** mostMarked is how many decisions a chart marks. */
const mostMarked = 100;

/** decisionsAlong are those in force that were issued in the range of a chart, about a meter or about a group itself. */
export const decisionsAlong = (of: { meter: string } | { group: string }, range: Range, mode: DecisionMode) =>
  queryOptions({
    queryKey: ['decisions', 'along', of, range, mode],
    queryFn: () =>
      answer(
        client.GET('/api/v1/decisions', {
          params: { query: { ...of, ...('group' in of && { about: 'group' as const }), from: range.from, ...(range.to && { to: range.to }), action: 'any', inForce: true, limit: mostMarked, mode } },
        }),
      ),
    refetchInterval: calm,
    placeholderData: keepPreviousData,
  });

export const decision = (id: string) =>
  queryOptions({
    queryKey: ['decision', id],
    queryFn: () => answer(client.GET('/api/v1/decisions/{id}', { params: { path: { id } } })),
  });

export const explanation = (id: string) =>
  queryOptions({
    queryKey: ['explanation', id],
    queryFn: () => answer(client.GET('/api/v1/decisions/{id}/explanation', { params: { path: { id } } })),
  });

export type MeterColumn = 'id' | 'group' | 'lastKwh' | 'lastReadingAt' | 'missingHours' | 'readings';
export type MeterSort = MeterColumn | `-${MeterColumn}`;
export type MeterStatus = 'ok' | 'gap' | 'stale' | 'suspect';

export interface MeterFilter {
  q: string;
  status: MeterStatus | undefined;
  sort: MeterSort;
  group: string | undefined;
}

/** metersOfPage is how many meters are asked for at once. */
export const metersOfPage = 100;

/** meters is a page of the meters that match, with their number and the last day of each. */
export const meters = (filter: MeterFilter, at: number) =>
  queryOptions({
    queryKey: ['meters', filter, at],
    queryFn: ({ signal }) =>
      answer(
        client.GET('/api/v1/meters', {
          signal,
          params: {
            query: {
              limit: metersOfPage,
              total: true,
              last24h: true,
              sort: filter.sort,
              ...(at > 0 && { offset: at * metersOfPage }),
              ...(filter.q && { q: filter.q }),
              ...(filter.group && { group: filter.group }),
              ...(filter.status && { status: filter.status }),
            },
          },
        }),
      ),
    staleTime: 10_000,
    refetchInterval: calm,
  });

/** metersNamed are some meters by a part of their name. */
export const metersNamed = (q: string) =>
  queryOptions({
    queryKey: ['metersNamed', q],
    queryFn: ({ signal }) => answer(client.GET('/api/v1/meters', { signal, params: { query: { q, limit: 20, fields: 'id,group' } } })),
    placeholderData: keepPreviousData,
  });

export const meter = (id: string) =>
  queryOptions({
    queryKey: ['meter', id],
    queryFn: () => answer(client.GET('/api/v1/meters/{id}', { params: { path: { id } } })),
    refetchInterval: calm,
  });

/** meterLoad is what was measured, forecast and planned hour by hour, and the price of each. */
export const meterLoad = (id: string, range: Range) =>
  queryOptions({
    queryKey: ['meter', id, 'load', range],
    queryFn: () => answer(client.GET('/api/v1/meters/{id}/load', { params: { path: { id }, query: ends(range) } })),
    refetchInterval: calm,
    placeholderData: keepPreviousData,
  });

/** meterDays are the days of the last year of a meter. */
export const meterDays = (id: string) =>
  queryOptions({
    queryKey: ['meter', id, 'days'],
    queryFn: () => answer(client.GET('/api/v1/meters/{id}/history', { params: { path: { id }, query: { from: 'now-365d', step: '1d' } } })),
    refetchInterval: false,
    staleTime: rare,
  });

/** mostKnownHours is how many hours are asked for as they were known at a time. */
const mostKnownHours = 2_000;

/** meterKnown are the readings of a meter as they were known at a time. It does not change any more. */
export const meterKnown = (id: string, range: Range, known: string) =>
  queryOptions({
    queryKey: ['known', id, range, known],
    queryFn: () =>
      answer(client.GET('/api/v1/meters/{id}/history', { params: { path: { id }, query: { from: range.from, to: known, known, step: '1h', maxPoints: mostKnownHours } } })),
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
  });

/** meterState is what was known of a meter at a time. */
export const meterState = (id: string, at: string) =>
  queryOptions({
    queryKey: ['known', id, at],
    queryFn: () => answer(client.GET('/api/v1/meters/{id}/state', { params: { path: { id }, query: { at } } })),
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
  });

/** meterQuality is how complete and sure the readings of a meter are, day by day. */
export const meterQuality = (id: string) =>
  queryOptions({
    queryKey: ['meter', id, 'quality'],
    queryFn: () => answer(client.GET('/api/v1/meters/{id}/data-quality', { params: { path: { id }, query: { from: 'now-12w' } } })),
    refetchInterval: seldom,
  });

/** meterSuspects are the suspect readings of a meter. */
export const meterSuspects = (id: string, range: Range) =>
  queryOptions({
    queryKey: ['meter', id, 'suspects', range],
    queryFn: async () =>
      (await answer(client.GET('/api/v1/meters/{id}/history', { params: { path: { id }, query: { ...ends(range), step: '1d' } } }))).data[0]?.suspect ?? [],
    refetchInterval: calm,
  });

export const keys = queryOptions({
  queryKey: ['keys'],
  queryFn: () => answer(client.GET('/api/v1/keys')),
  refetchInterval: calm,
});

/** groupBreaches are the measured hours of a group above its limit. */
export const groupBreaches = (id: string) =>
  queryOptions({
    queryKey: ['groupBreaches', id], // an hour more changes little: no event asks for it again
    queryFn: () => answer(client.GET('/api/v1/groups/{id}/breaches', { params: { path: { id }, query: { from: 'now-90d', to: 'now' } } })),
    staleTime: rare,
    refetchInterval: 5 * rare,
  });

/** mostHours are those of a leap year, with none thinned out. */
const mostHours = 8_784;

/** groupYear is the load of a group in each hour of a year. */
export const groupYear = (id: string) =>
  queryOptions({
    queryKey: ['groupYear', id],
    queryFn: () => answer(client.GET('/api/v1/history', { params: { query: { group: id, from: 'now-366d', step: '1h', maxPoints: mostHours, fill: 'none' } } })),
    staleTime: rare,
    refetchInterval: 15 * rare,
  });

/** groupPeaks are the greatest hours of each day of a year. */
export const groupPeaks = (id: string) =>
  queryOptions({
    queryKey: ['groupPeaks', id],
    queryFn: () => answer(client.GET('/api/v1/history', { params: { query: { group: id, from: 'now-366d', step: '1d', agg: 'max', fill: 'none' } } })),
    staleTime: rare,
    refetchInterval: 15 * rare,
  });

/** greatestMeters are the meters of a group with the greatest load of the last hour. */
export const greatestMeters = (group: string) =>
  queryOptions({
    queryKey: ['meters', 'greatest', group],
    queryFn: () => answer(client.GET('/api/v1/meters', { params: { query: { group, sort: '-lastKwh', limit: 8, total: true, last24h: true } } })),
    refetchInterval: calm,
  });

export const webhooks = queryOptions({
  queryKey: ['webhooks'],
  queryFn: () => answer(client.GET('/api/v1/webhooks')),
  refetchInterval: rare / 4,
});

/** deliveries is a page of the messages of a webhook, the newest first. */
export const deliveries = (id: string, cursor: string | undefined) =>
  queryOptions({
    queryKey: ['webhooks', id, 'deliveries', cursor],
    queryFn: ({ signal }) => answer(client.GET('/api/v1/webhooks/{id}/deliveries', { signal, params: { path: { id }, query: { limit: 10, ...(cursor && { cursor }) } } })),
    refetchInterval: rare / 4,
    placeholderData: keepPreviousData,
  });

/** delivery is a message with its body. */
export const delivery = (id: string, of: string) =>
  queryOptions({
    queryKey: ['webhooks', id, 'delivery', of],
    queryFn: ({ signal }) => answer(client.GET('/api/v1/webhooks/{id}/deliveries/{delivery}', { signal, params: { path: { id, delivery: of } } })),
  });

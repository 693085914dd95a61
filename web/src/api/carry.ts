import type { Schemas } from './client';

// What events of the stream carry into answers that are on a page, so that nobody asks for it.

type LoadAnswer = Schemas['AnswerLoad'];

/** Reported is what the groups have reported of an hour. */
export interface Reported {
  at: string;
  /** By the name of the group; '' for the meters outside any. */
  loads: Map<string, { kwh: number | null; meters: number }>;
}

/** Hours gathers the newest hours that events are about, in the order of time. */
export class Hours {
  private readonly hours = new Map<string, Reported>();

  /** take keeps an event; what groups reported before of the same hour is replaced. */
  take(event: Schemas['StateEvent']): void {
    const hour = this.hours.get(event.at) ?? { at: event.at, loads: new Map() };
    this.hours.set(event.at, hour);
    hour.loads.set(event.group ?? '', { kwh: event.kwh, meters: event.meters });
    while (this.hours.size > mostHours) this.hours.delete(this.hours.keys().next().value!);
  }

  /** all are the hours, the oldest first. */
  all(): Reported[] {
    return [...this.hours.values()].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  }
}

const mostHours = 100; // between two rounds of questions

/** loadOfGroup is the load of a group in an hour, if it has been reported. */
export const loadOfGroup = (group: string) => (hour: Reported) => hour.loads.get(group);

/** loadOfTwin is the load of all meters in an hour, once all groups at the top have reported as many meters as before. */
export function loadOfTwin(groups: Pick<Schemas['Group'], 'id' | 'parent'>[]): (hour: Reported) => { kwh: number | null; meters: number } | undefined {
  const top = groups.filter((g) => g.parent === null).map((g) => g.id);
  return ({ loads }) => {
    let sum = { kwh: 0, meters: 0 };
    for (const name of [...top, ...(loads.has('') ? [''] : [])]) {
      const load = loads.get(name);
      if (!load || load.kwh === null) return undefined;
      sum = { kwh: sum.kwh + load.kwh, meters: sum.meters + load.meters };
    }
    return top.length > 0 ? sum : undefined;
  };
}

const hourLength = 3_600_000;

/**
 * withHours puts hours that were reported into a load up to now, behind its newest measured one.
 * It stops at an hour that is not whole, and leaves the answer as it is where nothing is new.
 */
export function withHours(answer: LoadAnswer, hours: Reported[], of: (hour: Reported) => { kwh: number | null; meters: number } | undefined): LoadAnswer {
  const { asOf } = answer.meta;
  if (!asOf) return answer;
  const points = [...answer.data.points];
  let now = Date.parse(asOf);
  const usual = points.findLast((p) => p.actualKwh !== null)?.meters ?? 0;
  for (const hour of hours) {
    if (Date.parse(hour.at) !== now) continue; // known already, or not its turn
    const load = of(hour);
    if (!load || load.kwh === null || load.meters < usual) break;
    const i = points.findIndex((p) => Date.parse(p.at) === now);
    const point = points[i];
    const measured = { actualKwh: load.kwh, meters: load.meters };
    if (point) points[i] = { ...point, ...measured };
    else points.push({ at: hour.at, p10Kwh: null, p50Kwh: null, p90Kwh: null, p50SumKwh: null, plannedKwh: null, ...measured });
    now += hourLength;
  }
  if (now === Date.parse(asOf)) return answer;
  return { ...answer, data: { ...answer.data, points }, meta: { ...answer.meta, asOf: new Date(now).toISOString().replace('.000Z', 'Z') } };
}

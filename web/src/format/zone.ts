// The calendar of a zone, for what is counted or drawn by its days. Times are seconds since 1970.

const formats = new Map<string, Intl.DateTimeFormat>();

function wallClock(zone: string): Intl.DateTimeFormat {
  let f = formats.get(zone);
  if (!f) {
    f = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit',
    });
    formats.set(zone, f);
  }
  return f;
}

/** wall is what the clocks of a zone show, as seconds since 1970 of a clock in UTC that shows the same. */
export function wall(at: number, zone: string): number {
  const part: Record<string, number> = {};
  for (const { type, value } of wallClock(zone).formatToParts(at * 1000)) part[type] = Number(value);
  return Date.UTC(part.year ?? 0, (part.month ?? 1) - 1, part.day, part.hour, part.minute, part.second) / 1000;
}

/** fromWall is when the clocks of a zone show a time. Of one that they show twice, it is the first; of one that they skip, the one behind the gap. */
export function fromWall(shown: number, zone: string): number {
  const before = shown - (wall(shown - 86_400, zone) - (shown - 86_400)); // by the offset of the day before
  if (wall(before, zone) === shown) return before;
  const after = shown - (wall(before, zone) - before);
  return wall(after, zone) === shown ? after : before;
}

const dayLength = 86_400;

/** startOfDay is when the day of a time began in a zone; days later or earlier if asked. */
export function startOfDay(at: number, zone: string, later = 0): number {
  return fromWall((Math.floor(wall(at, zone) / dayLength) + later) * dayLength, zone);
}

/** daysOf are the beginnings of the days of a zone that a range has a part of. */
export function daysOf(from: number, to: number, zone: string): number[] {
  const days: number[] = [];
  for (let shown = Math.floor(wall(from, zone) / dayLength) * dayLength; ; shown += dayLength) {
    const at = fromWall(shown, zone);
    if (at >= to) return days;
    days.push(at);
  }
}

/** dateOf is the date of a time in a zone: "2019-06-01". */
export function dateOf(at: number, zone: string): string {
  return new Date(wall(at, zone) * 1000).toISOString().slice(0, 10);
}

/** startOf is when a date begins in a zone; NaN if it is no date. */
export function startOf(date: string, zone: string): number {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) return Number.NaN;
  const shown = Date.parse(`${date}T00:00:00Z`) / 1000;
  return Number.isNaN(shown) ? Number.NaN : fromWall(shown, zone);
}

/** dateLater is a date some days later. */
export function dateLater(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * dayLength * 1000).toISOString().slice(0, 10);
}

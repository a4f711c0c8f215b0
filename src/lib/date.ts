/**
 * Date text in every layout that durable functions have ever sent (execution.md §24.6).
 * A date without a zone is UTC.
 */

/** What a layout's expression may capture; everything is text as written. */
interface Fields {
  readonly [name: string]: string | undefined;
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** RFC 822 names these; any other abbreviation names no offset and is read as UTC, as Go does. */
const zoneHours: ReadonlyMap<string, number> = new Map([
  ['EST', -5],
  ['EDT', -4],
  ['CST', -6],
  ['CDT', -5],
  ['MST', -7],
  ['MDT', -6],
  ['PST', -8],
  ['PDT', -7],
]);

const weekday = '(?:mon|tue|wed|thu|fri|sat|sun)';
const weekdayLong = '(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)';
const month = `(?<monthName>${months.join('|')})`;
const isoDay = '(?<year>\\d{4})-(?<month>\\d{2})-(?<day>\\d{2})';
/** Go reads a fraction after the seconds whether or not the layout asks for one. */
const time = '(?<hour>\\d{2}):(?<minute>\\d{2}):(?<second>\\d{2})(?:[.,](?<fraction>\\d+))?';
const zone = '(?<zone>[A-Z]{3,5}(?:[+-]\\d{1,2})?)';
const offset = '(?<sign>[+-])(?<offsetHour>\\d{2})(?<offsetMinute>\\d{2})';
const paddedDay = ' ?(?<day>\\d{1,2})';

const layout = (text: string): RegExp => new RegExp(`^${text}$`, 'i');

const rfc3339 = new RegExp(
  `^${isoDay}T${time}(?:Z|(?<sign>[+-])(?<offsetHour>\\d{2}):(?<offsetMinute>\\d{2}))$`,
);

const otherLayouts: readonly RegExp[] = [
  new RegExp(`^${isoDay}T${time}$`),
  new RegExp(`^${isoDay}$`),
  // RFC 1123 and 1123Z
  layout(`${weekday}, (?<day>\\d{1,2}) ${month} (?<year>\\d{4}) ${time} (?:${offset}|${zone})`),
  // RFC 822 and 822Z
  layout(
    `(?<day>\\d{1,2}) ${month} (?<year>\\d{2}) (?<hour>\\d{2}):(?<minute>\\d{2}) (?:${offset}|${zone})`,
  ),
  // RFC 850
  layout(`${weekdayLong}, (?<day>\\d{2})-${month}-(?<year>\\d{2}) ${time} ${zone}`),
  // Ruby, then Unix and ANSI C
  layout(`${weekday} ${month} ${paddedDay} ${time} ${offset} (?<year>\\d{4})`),
  layout(`${weekday} ${month} ${paddedDay} ${time}(?: ${zone})? (?<year>\\d{4})`),
  // Stamps carry no year; Go reads them in year 0.
  layout(`${month} ${paddedDay} ${time}`),
  // Go's default text, with its monotonic reading when there is one
  layout(`${isoDay} ${time} ${offset} (?<goZone>[A-Z]{1,5}|[+-]\\d{2,4})(?: m=[+-]\\d+\\.\\d+)?`),
];

/** The longest layout is Go's default text at about 70 characters. */
const dateCharsMax = 96;

/** Milliseconds since 1970 (whole: finer digits are cut), or null when no layout matches. */
export function parseDate(text: string): number | null {
  return toMs(parseDateNanos(text));
}

/** As `parseDate` for RFC 3339 alone: the only date that timeouts accept (execution.md §2.2). */
export function parseRfc3339(text: string): number | null {
  return toMs(parseWith(rfc3339, text));
}

/** Nanoseconds since 1970, or null when no layout matches. */
export function parseDateNanos(text: string): bigint | null {
  const strict = parseWith(rfc3339, text);
  if (strict !== null) return strict;
  for (const candidate of otherLayouts) {
    const nanos = parseWith(candidate, text);
    if (nanos !== null) return nanos;
  }
  return null;
}

function toMs(nanos: bigint | null): number | null {
  if (nanos === null) return null;
  const floor = nanos % 1_000_000n < 0n ? 1n : 0n;
  return Number(nanos / 1_000_000n - floor);
}

function parseWith(pattern: RegExp, text: string): bigint | null {
  if (text.length > dateCharsMax) return null;
  const fields = pattern.exec(text)?.groups;
  return fields === undefined ? null : instantOf(fields);
}

function instantOf(fields: Fields): bigint | null {
  const number = (name: string): number => Number(fields[name] ?? '0');
  const monthIndex =
    fields.monthName === undefined
      ? number('month') - 1
      : months.indexOf(fields.monthName.toLowerCase());
  const day = number('day');
  const [hour, minute, second] = [number('hour'), number('minute'), number('second')];
  if (hour > 23 || minute > 59 || second > 59) return null;
  const date = new Date(0);
  date.setUTCFullYear(yearOf(fields.year), monthIndex, day);
  // A day that the month does not have would silently become another date.
  if (date.getUTCMonth() !== monthIndex || date.getUTCDate() !== day) return null;
  date.setUTCHours(hour, minute, second);
  const offsetMs = offsetOf(fields);
  if (offsetMs === null) return null;
  const fraction = (fields.fraction ?? '').slice(0, 9).padEnd(9, '0');
  return BigInt(date.getTime() - offsetMs) * 1_000_000n + BigInt(fraction);
}

/** Two digits split at 69, as RFC 822 readers and Go do. */
function yearOf(text: string | undefined): number {
  if (text === undefined) return 0;
  const year = Number(text);
  if (text.length > 2) return year;
  return year >= 69 ? 1900 + year : 2000 + year;
}

function offsetOf(fields: Fields): number | null {
  if (fields.sign !== undefined) {
    const [hours, minutes] = [Number(fields.offsetHour), Number(fields.offsetMinute)];
    if (hours > 24 || minutes > 59) return null;
    return (fields.sign === '-' ? -1 : 1) * (hours * 60 + minutes) * 60_000;
  }
  const name = fields.zone?.toUpperCase() ?? 'UTC';
  const shifted = /^GMT([+-]\d{1,2})$/.exec(name);
  return (zoneHours.get(name) ?? Number(shifted?.[1] ?? '0')) * 3_600_000;
}

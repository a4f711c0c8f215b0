/**
 * The getters of timestamps and durations. Timestamps are read in UTC or in the zone of the argument.
 */

import { Lru } from '../lib/lru.ts';
import { zonesMax } from './limits.ts';
import { Duration, Failure, Timestamp, typeNameOf, type Value } from './value.ts';

const nanosPerMs = 1_000_000n;
const dayMs = 86_400_000;
const zoneCharsMax = 64;

/** What a getter reads from a wall clock, which is a `Date` whose UTC fields are the local ones. */
const ofWallClock: ReadonlyMap<string, (wall: Date) => number> = new Map([
  ['getFullYear', (wall) => wall.getUTCFullYear()],
  ['getMonth', (wall) => wall.getUTCMonth()],
  ['getDate', (wall) => wall.getUTCDate()],
  ['getDayOfMonth', (wall) => wall.getUTCDate() - 1],
  ['getDayOfWeek', (wall) => wall.getUTCDay()],
  ['getDayOfYear', dayOfYear],
  ['getHours', (wall) => wall.getUTCHours()],
  ['getMinutes', (wall) => wall.getUTCMinutes()],
  ['getSeconds', (wall) => wall.getUTCSeconds()],
  ['getMilliseconds', (wall) => wall.getUTCMilliseconds()],
]);

/** On a duration the getters give the whole of it in that unit. */
const ofDuration: ReadonlyMap<string, bigint> = new Map([
  ['getHours', 3_600_000n * nanosPerMs],
  ['getMinutes', 60_000n * nanosPerMs],
  ['getSeconds', 1_000n * nanosPerMs],
  ['getMilliseconds', nanosPerMs],
]);

export const getterNames: readonly string[] = [...ofWallClock.keys()];

export function readCalendar(getter: string, value: Value, zone: Value | undefined): Value {
  const unit = ofDuration.get(getter);
  if (value instanceof Duration && unit !== undefined && zone === undefined) {
    return value.nanos / unit;
  }
  const read = ofWallClock.get(getter);
  if (!(value instanceof Timestamp) || read === undefined) {
    return new Failure(`no such overload: ${typeNameOf(value)}.${getter}()`);
  }
  const wall = wallClock(value, zone);
  return wall instanceof Failure ? wall : BigInt(read(wall));
}

function wallClock(value: Timestamp, zone: Value | undefined): Date | Failure {
  const floor = value.nanos % nanosPerMs < 0n ? 1n : 0n;
  const atMs = Number(value.nanos / nanosPerMs - floor);
  if (zone === undefined) return new Date(atMs);
  if (typeof zone !== 'string')
    return new Failure(`time zone is a ${typeNameOf(zone)}, not a string`);
  if (zone.length > zoneCharsMax) return new Failure('unknown time zone');
  const fixed = /^([+-]?)(\d{2}):(\d{2})$/.exec(zone);
  if (fixed !== null) {
    const minutes = Number(fixed[2]) * 60 + Number(fixed[3]);
    return new Date(atMs + (fixed[1] === '-' ? -1 : 1) * minutes * 60_000);
  }
  const wallMs = wallMsIn(zone, atMs);
  return wallMs === null
    ? new Failure(`unknown time zone ${JSON.stringify(zone.slice(0, 40))}`)
    : new Date(wallMs);
}

function wallMsIn(zone: string, atMs: number): number | null {
  const format = formatOf(zone);
  if (format === null) return null;
  const parts = new Map(format.formatToParts(atMs).map((part) => [part.type, part.value]));
  const field = (name: Intl.DateTimeFormatPartTypes): number => Number(parts.get(name));
  const wall = new Date(0);
  wall.setUTCFullYear(field('year'), field('month') - 1, field('day'));
  const subsecondMs = ((atMs % 1_000) + 1_000) % 1_000;
  return wall.setUTCHours(field('hour'), field('minute'), field('second'), subsecondMs);
}

/** Making one takes far longer than using it. */
const formats = new Lru<string, Intl.DateTimeFormat | 'unknown'>(zonesMax);

/** Null when there is no such zone. */
function formatOf(zone: string): Intl.DateTimeFormat | null {
  const known = formats.get(zone) ?? newFormat(zone);
  formats.set(zone, known);
  return known === 'unknown' ? null : known;
}

function newFormat(zone: string): Intl.DateTimeFormat | 'unknown' {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    return 'unknown';
  }
}

function dayOfYear(wall: Date): number {
  const newYear = new Date(0).setUTCFullYear(wall.getUTCFullYear(), 0, 1);
  return Math.floor((wall.getTime() - newYear) / dayMs);
}

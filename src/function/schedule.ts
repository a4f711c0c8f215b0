/**
 * Cron schedules: five fields, an optional zone, exact ticks (execution.md §16,
 * sdk-http-protocol.md §1.7.1).
 */

import { createHash } from 'node:crypto';
import { Cron } from 'croner';

/** A cron text that is known to tick. Made by `parseSchedule` only. */
export interface Schedule {
  /** The text as the user wrote it, zone prefix included. */
  readonly text: string;
  /** IANA zone name; UTC without a prefix, so that no answer depends on the server's own zone. */
  readonly zone: string;
  readonly cron: Cron;
}

export type ParsedSchedule =
  | { readonly ok: true; readonly schedule: Schedule }
  | { readonly ok: false; readonly message: string };

/** What to run after a stretch in which ticks may have been missed. */
export interface TicksAfterDowntime {
  /** The most recent tick in (last tick, now], or null when none was missed. */
  readonly missedMs: number | null;
  /** The first tick after now. */
  readonly nextMs: number;
}

export const cronCharsMax = 255;

/** The least delay that jitter adds (execution.md §16). */
const jitterMsMin = 1_000;

const fieldNames = ['minute', 'hour', 'day-of-month', 'month', 'day-of-week'] as const;

/** Classic cron only: croner's `L`, `W`, `#` and `+` are not part of the grammar. */
const fieldPattern = /^(?:[0-9]+|[A-Za-z]{3}|\*|\?|[-,/])+$/;

/** Reads a cron text; the message says in words what to change. */
export function parseSchedule(text: string): ParsedSchedule {
  const refuse = (message: string): ParsedSchedule => ({ ok: false, message });
  if (text.length > cronCharsMax) {
    return refuse(`cron has ${text.length} characters; at most ${cronCharsMax} are allowed`);
  }
  const prefix = /^(?:CRON_)?TZ=(\S*)\s+/.exec(text.trim());
  const zone = prefix?.[1] === undefined ? 'UTC' : zoneOf(prefix[1]);
  if (zone === null)
    return refuse(`cron names an unknown time zone ${JSON.stringify(prefix?.[1])}`);
  const fields = text
    .trim()
    .slice(prefix?.[0].length ?? 0)
    .split(/\s+/);
  const refusal = refusalOf(fields);
  if (refusal !== null) return refuse(refusal);
  try {
    const cron = new Cron(fields.map(cronerField).join(' '), {
      timezone: zone,
      mode: '5-part',
      domAndDow: false, // both restricted means either (classic cron)
      fixedTimeRule: 'no-wildcard', // a tick at a fixed hour is neither lost nor doubled by DST
    });
    if (cron.nextRun(new Date(0)) === null) return refuse('cron never ticks: no such date exists');
    return { ok: true, schedule: { text, zone, cron } };
  } catch (error) {
    return refuse(`cron is invalid: ${wordsOf(error)}`);
  }
}

/** The first tick strictly after `afterMs`, in epoch milliseconds. */
export function nextTick(schedule: Schedule, afterMs: number): number {
  const next = schedule.cron.nextRun(new Date(afterMs));
  // parseSchedule saw a tick, and every schedule repeats within 28 years; only year 3000 is out of reach.
  if (next === null) throw new RangeError(`cron ${schedule.text} has no tick after ${afterMs}`);
  return next.getTime();
}

/**
 * Where a schedule stands after downtime: at most one missed tick is made up for, the most recent, so
 * a schedule neither drifts nor releases a burst of old runs.
 */
export function nextTickAfterDowntime(
  schedule: Schedule,
  lastTickMs: number,
  nowMs: number,
): TicksAfterDowntime {
  // croner's reference is exclusive; ticks are whole seconds, so one millisecond makes now inclusive.
  const recent = schedule.cron.previousRuns(1, new Date(nowMs + 1))[0]?.getTime() ?? null;
  const missedMs = recent !== null && recent > lastTickMs && recent <= nowMs ? recent : null;
  return { missedMs, nextMs: nextTick(schedule, Math.max(nowMs, lastTickMs)) };
}

/**
 * The delay that jitter adds to one tick: in [1 s, jitter), the same for the same seed on every server
 * and version. 0 when there is no jitter.
 */
export function jitterMs(seed: string, jitterMsMax: number): number {
  if (jitterMsMax <= 0) return 0;
  const spanMs = Math.floor(jitterMsMax - jitterMsMin);
  if (spanMs <= 1) return jitterMsMin;
  // 48 bits of a cryptographic hash: uniform, and never subject to a runtime's choice of hash.
  const hash = createHash('sha256').update(seed).digest().readUIntBE(0, 6);
  return jitterMsMin + (hash % spanMs);
}

function zoneOf(name: string): string | null {
  if (name === 'Local') return 'UTC';
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return null;
  }
}

function refusalOf(fields: readonly string[]): string | null {
  if (fields[0]?.startsWith('@')) {
    return `cron descriptors such as ${fields[0]} are not supported; write the five fields out`;
  }
  if (fields.length === 6) return 'cron has 6 fields; there is no seconds field, write five';
  if (fields.length !== 5) {
    const count = fields[0] === '' ? 0 : fields.length;
    return `cron has ${count} field(s); write five: ${fieldNames.join(' ')}`;
  }
  const bad = fields.findIndex((field) => !fieldPattern.test(field));
  return bad === -1
    ? null
    : `cron has an invalid ${fieldNames[bad]} field ${JSON.stringify(fields[bad])}`;
}

/** `?` means `*`, and `5/15` means `5-max/15`: spellings that croner reads otherwise or not at all. */
function cronerField(field: string, index: number): string {
  const max = [59, 23, 31, 12, 6][index];
  return field
    .replaceAll('?', '*')
    .split(',')
    .map((part) => part.replace(/^(\w+)\/(\d+)$/, `$1-${max}/$2`))
    .join(',');
}

function wordsOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/^CronPattern: /, '');
}

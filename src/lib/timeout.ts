/**
 * The moments that functions name: how long a wait lasts and when a sleep ends.
 */

import { parseDate, parseRfc3339 } from './date.ts';
import { parseDuration } from './duration.ts';

/** A moment in epoch milliseconds, or why the text names none. */
export type Moment =
  | { readonly ok: true; readonly atMs: number }
  | { readonly ok: false; readonly message: string };

/** Text shorter than this is never tried as a date (sdk-http-protocol.md §4.4.2). */
const dateCharsMin = 10;

/**
 * When a wait, an invoke or a cancellation times out: a duration, else RFC 3339 (execution.md §2.2).
 * Empty text is `nowMs`: the wait has timed out already (execution.md §27.6). A moment in the past is
 * returned as it is.
 */
export function timeoutAt(text: string, nowMs: number): Moment {
  if (text === '') return { ok: true, atMs: nowMs };
  const durationMs = parseDuration(text);
  if (durationMs !== null) return { ok: true, atMs: nowMs + Math.ceil(durationMs) };
  const atMs = parseRfc3339(text);
  if (atMs !== null) return { ok: true, atMs };
  const kind = text.includes('T') ? 'RFC 3339 timestamp' : 'duration';
  return { ok: false, message: `invalid ${kind}: ${JSON.stringify(text)}` };
}

/** When a sleep ends: a date in any layout, else a duration; never before `nowMs` (§4.4.2). */
export function sleepEndsAt(text: string, nowMs: number): Moment {
  if (text === '') return { ok: true, atMs: nowMs };
  const dateMs = text.length >= dateCharsMin ? parseDate(text) : null;
  if (dateMs !== null) return { ok: true, atMs: Math.max(nowMs, dateMs) };
  const durationMs = parseDuration(text);
  if (durationMs === null) {
    return {
      ok: false,
      message: `invalid sleep, neither a date nor a duration: ${JSON.stringify(text)}`,
    };
  }
  return { ok: true, atMs: nowMs + Math.max(0, Math.ceil(durationMs)) };
}

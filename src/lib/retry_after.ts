/**
 * The `Retry-After` header of an SDK's answer (sdk-http-protocol.md §3.5).
 */

import { parseDate } from './date.ts';

/** Up to this many characters are seconds; no date is this short. */
const secondsCharsMax = 7;

const delayMsMin = 1_000;
const delayMsMax = 24 * 60 * 60 * 1_000;

/**
 * The epoch milliseconds at which to retry, within [now + 1 s, now + 24 h]. Null when the text cannot
 * be read: the caller then uses the backoff table.
 */
export function retryAfterMs(header: string, nowMs: number): number | null {
  const text = header.trim();
  const atMs = secondsAfter(text, nowMs) ?? parseDate(text);
  if (atMs === null) return null;
  return Math.min(Math.max(atMs, nowMs + delayMsMin), nowMs + delayMsMax);
}

function secondsAfter(text: string, nowMs: number): number | null {
  if (text.length > secondsCharsMax || !/^\+?\d+$/.test(text)) return null;
  const seconds = Number(text);
  return seconds > 0 ? nowMs + seconds * 1_000 : null;
}

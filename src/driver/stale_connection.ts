/** Calls over kept-alive connections that the app may be closing at the same moment. */

import type { Clock } from '../lib/clock.ts';
import type { Fetch } from './exchange.ts';

/** A connection that was already closed answers with a reset within a round trip; later resets are crashes. */
const staleResetMs = 1_000;

/**
 * Sends a request once more, on a new connection, when it was reset at once and before any answer: the app had
 * closed an idle connection while the request was on its way. Otherwise that would cost an attempt and its
 * backoff. An app that did receive the request gets it twice, which calls allow: they are at-least-once.
 */
export function withFreshRetry(fetch: Fetch, clock: Clock): Fetch {
  return async (url, init) => {
    const startMs = clock.now();
    try {
      return await fetch(url, init);
    } catch (error) {
      const isStale = isReset(error) && clock.now() - startMs < staleResetMs;
      if (!isStale || init.signal.aborted) throw error;
      return await fetch(url, { ...init, keepalive: false });
    }
  };
}

function isReset(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('code' in error)) return false;
  return error.code === 'ECONNRESET' || error.code === 'EPIPE';
}

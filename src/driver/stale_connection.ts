/** Calls over kept-alive connections that the app may be closing at the same moment. */

import type { Clock } from '../lib/clock.ts';
import type { Fetch } from './exchange.ts';

/** A connection that was already closed answers with a reset within a round trip; later resets are crashes. */
const staleResetMs = 50;
/** Origins that are known to have a kept connection; the one that was used longest ago is forgotten first. */
const originsMax = 10_000;

/**
 * Sends a request once more, on a new connection, when it was reset at once and before any answer, and an exchange
 * with its origin was over before: the app had closed an idle connection while the request was on its way. Otherwise
 * that would cost an attempt and its backoff. Without such a connection a reset is a crash, and the app's code may
 * have run: that costs the attempt. As in `wideFetch`, an exchange is over when its signal is aborted.
 */
export function withFreshRetry(fetch: Fetch, clock: Clock): Fetch {
  const kept = new Set<string>();
  const exchanged = async (...[url, init]: Parameters<Fetch>): Promise<Response> => {
    const origin = URL.parse(url)?.origin ?? '';
    try {
      const response = await fetch(url, init);
      init.signal.addEventListener('abort', () => keep(origin), { once: true });
      return response;
    } catch (error) {
      // Whatever else was kept is as dead as this one.
      if (!init.signal.aborted) kept.delete(origin);
      throw error;
    }
  };
  const keep = (origin: string): void => {
    kept.delete(origin);
    kept.add(origin);
    const oldest = kept.values().next();
    if (kept.size > originsMax && !oldest.done) kept.delete(oldest.value);
  };
  return async (url, init) => {
    const startMs = clock.now();
    const mayBeStale = kept.has(URL.parse(url)?.origin ?? '');
    try {
      return await exchanged(url, init);
    } catch (error) {
      const isStale = mayBeStale && isReset(error) && clock.now() - startMs < staleResetMs;
      if (!isStale || init.signal.aborted) throw error;
      return await exchanged(url, { ...init, keepalive: false });
    }
  };
}

function isReset(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('code' in error)) return false;
  return error.code === 'ECONNRESET' || error.code === 'EPIPE';
}

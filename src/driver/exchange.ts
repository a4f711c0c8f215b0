/**
 * One HTTP exchange with an app: deadline, redirects, a bounded and decoded body. What the answer means is
 * the caller's affair.
 */

import type { Clock } from '../lib/clock.ts';
import { readBody } from './body_reader.ts';
import { type Hop, nextHop, type RedirectRule, redirectHopsMax } from './redirect.ts';

/** Text, or the bytes of a replayed request that need not be text. */
export type SentBody = string | Uint8Array<ArrayBuffer>;

/** The part of fetch that is used, so that a test or another transport can stand in. */
export type Fetch = (url: string, init: FetchInit) => Promise<Response>;

export type FetchInit = Pick<BunFetchRequestInit, 'decompress' | 'keepalive' | 'timeout'> & {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: SentBody;
  readonly redirect: 'manual';
  readonly signal: AbortSignal;
};

export interface ExchangeRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: SentBody;
  readonly redirects: RedirectRule;
  /** From the first byte sent to the last received. */
  readonly timeoutMs: number;
  readonly responseBytesMax: number;
  /** Gives up early. */
  readonly signal?: AbortSignal;
}

export interface Answered {
  readonly ok: true;
  readonly status: number;
  /** Lower-case names; repeated headers are joined with `, `. */
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
  /** Where the answer came from, after redirects. */
  readonly url: string;
}

export interface Unanswered {
  readonly ok: false;
  readonly reason: 'aborted' | 'encoding' | 'redirect' | 'timeout' | 'too_large' | 'transport';
  /** The system's word for a transport error, such as ECONNREFUSED; else the same as `reason`. */
  readonly code: string;
  /** What happened and what to do, without secrets. */
  readonly detail: string;
}

export interface ExchangeParts {
  readonly clock: Clock;
  readonly fetch: Fetch;
}

/** Never rejects. */
export async function exchange(
  request: ExchangeRequest,
  parts: ExchangeParts,
): Promise<Answered | Unanswered> {
  const controller = new AbortController();
  const giveUp = (): void => controller.abort();
  let isLate = false;
  const timer = parts.clock.at(parts.clock.now() + request.timeoutMs, () => {
    isLate = true;
    giveUp();
  });
  if (request.signal?.aborted) giveUp();
  request.signal?.addEventListener('abort', giveUp, { once: true });
  try {
    return await followed(request, parts.fetch, controller.signal);
  } catch (error) {
    if (isLate)
      return unanswered('timeout', `no whole answer within ${request.timeoutMs / 1000} s`);
    if (request.signal?.aborted) return unanswered('aborted', 'the server gave the request up');
    return transportError(error);
  } finally {
    timer.cancel();
    request.signal?.removeEventListener('abort', giveUp);
    // Closes the connection of an answer that was not read to its end, and frees the place in `wideFetch`.
    giveUp();
  }
}

async function followed(
  request: ExchangeRequest,
  fetch: Fetch,
  signal: AbortSignal,
): Promise<Answered | Unanswered> {
  let hop: Hop = request;
  const hopsMax = redirectHopsMax(request.redirects);
  for (let hops = 0; hops <= hopsMax; hops++) {
    const response = await fetch(hop.url, initOf(hop, signal));
    const next = nextHop(response, hop, request);
    if (next === undefined) return await answered(response, request.responseBytesMax, hop.url);
    await response.body?.cancel();
    if (typeof next === 'string') return unanswered('redirect', next);
    hop = next;
  }
  return unanswered('redirect', `more than ${hopsMax} redirects: they form a loop`);
}

function initOf(hop: Hop, signal: AbortSignal): FetchInit {
  return {
    method: hop.method,
    headers: { 'Accept-Encoding': 'gzip, br', ...hop.headers },
    ...(hop.body !== undefined && { body: hop.body }),
    redirect: 'manual',
    decompress: false,
    // Bun gives up after 5 idle minutes otherwise; the deadline is ours.
    timeout: false,
    signal,
  };
}

async function answered(
  response: Response,
  bytesMax: number,
  url: string,
): Promise<Answered | Unanswered> {
  const read = await readBody(response, bytesMax);
  if (!read.ok) return unanswered(read.reason, read.detail);
  const headers = Object.fromEntries(response.headers.entries());
  // Cookies are the one header that iteration repeats instead of joining.
  const cookies = response.headers.getSetCookie();
  if (cookies.length > 0) headers['set-cookie'] = cookies.join(', ');
  return { ok: true, status: response.status, headers, body: read.body, url };
}

function unanswered(reason: Unanswered['reason'], detail: string): Unanswered {
  return { ok: false, reason, code: reason, detail };
}

/** What to do about the transport errors that people meet; others speak for themselves. */
const advice = new Map([
  ['ECONNREFUSED', 'nothing listens there; start the app, or correct its URL'],
  ['ECONNRESET', 'the connection closed before the whole answer came; the app may have crashed'],
  ['ENOTFOUND', 'the host name does not resolve; correct the URL or the DNS'],
  [
    'EPROTO',
    'the TLS handshake failed; check whether the URL should begin with http:// or https://',
  ],
  ['ERR_INVALID_URL', 'the URL is not valid; correct it in the app and sync the app again'],
  [
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'the certificate is self-signed; trust it with NODE_EXTRA_CA_CERTS',
  ],
]);

function transportError(error: unknown): Unanswered {
  const code = codeOf(error);
  const detail = advice.get(code) ?? (error instanceof Error ? error.message : String(error));
  return { ok: false, reason: 'transport', code, detail };
}

function codeOf(error: unknown): string {
  const hasCode = typeof error === 'object' && error !== null && 'code' in error;
  if (hasCode && typeof error.code === 'string') return error.code;
  return error instanceof Error ? error.name : 'Error';
}

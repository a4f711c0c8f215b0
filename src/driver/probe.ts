/** Asks a URL whether an SDK lives there, for dev discovery (reference/sdk-http-protocol.md §1.2, §1.10). */

import type { Clock } from '../lib/clock.ts';
import { sign } from '../lib/signature.ts';
import { exchange, type Fetch } from './exchange.ts';
import { appFetch } from './wide_fetch.ts';

const probeTimeoutMs = 2_000;

/** The answer's body does not matter; one that is larger is simply not read. */
const probeBytesMax = 1024 * 1024;

/**
 * True when an answer, of any status, carries X-Inngest-SDK. SDKs in cloud mode hide it from unsigned
 * requests, so a server with a key signs. Never rejects.
 */
export async function probeSdk(
  url: string,
  parts: { readonly clock: Clock; readonly fetch?: Fetch; readonly signingKey?: string },
): Promise<boolean> {
  if (!URL.canParse(url)) return false;
  const { clock, signingKey, fetch = appFetch } = parts;
  const headers: Record<string, string> =
    signingKey === undefined ? {} : { 'X-Inngest-Signature': sign('', signingKey, clock.now()) };
  const answer = await exchange(
    {
      url,
      method: 'GET',
      headers,
      redirects: 'as_browser',
      timeoutMs: probeTimeoutMs,
      responseBytesMax: probeBytesMax,
    },
    { clock, fetch },
  );
  return answer.ok && 'x-inngest-sdk' in answer.headers;
}

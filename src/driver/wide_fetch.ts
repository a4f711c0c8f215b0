/**
 * A fetch without Bun's ceiling of 256 requests at a time (BUN_CONFIG_MAX_HTTP_REQUESTS is read before our
 * code runs, so a single binary cannot raise it). Steps may hold a request for hours: 256 slow ones would
 * stop every other call of the server. Bun's fetch costs half the CPU of node:http, so it serves all
 * requests up to a number that leaves room for the others, and node:http, which knows no ceiling, the rest.
 */

import http from 'node:http';
import https from 'node:https';
import { Readable } from 'node:stream';
import type { Fetch } from './exchange.ts';

/** Below 256, so that whatever else uses plain fetch finds a free place. */
const nativeMax = 192;

/**
 * Makes such a fetch. A request holds its place until its signal is aborted: whoever uses it does that at
 * the end of every exchange, finished or not, as `exchange` does.
 */
export function wideFetch(native: Fetch, inFlightMax = nativeMax): Fetch {
  let inFlight = 0;
  return (url, init) => {
    if (inFlight >= inFlightMax || init.signal.aborted) return nodeFetch(url, init);
    inFlight++;
    const release = (): void => {
      inFlight--;
    };
    init.signal.addEventListener('abort', release, { once: true });
    return native(url, init);
  };
}

/** The one for all calls of this process: the ceiling is the process's, too. */
export const appFetch: Fetch = wideFetch(fetch);

const agents = {
  'http:': new http.Agent({ keepAlive: true, maxFreeSockets: 64 }),
  'https:': new https.Agent({ keepAlive: true, maxFreeSockets: 64 }),
};

const nodeFetch: Fetch = (url, init) => {
  const isTls = new URL(url).protocol === 'https:';
  const options = {
    method: init.method,
    headers: { ...init.headers, 'Content-Length': String(Buffer.byteLength(init.body ?? '')) },
    agent: init.keepalive === false ? false : agents[isTls ? 'https:' : 'http:'],
    signal: init.signal,
  };
  return new Promise((resolve, reject) => {
    const request = (isTls ? https : http).request(url, options, (message) => {
      try {
        resolve(responseOf(message));
      } catch (error) {
        message.destroy();
        reject(error);
      }
    });
    request.on('error', reject);
    request.end(init.body);
  });
};

function responseOf(message: http.IncomingMessage): Response {
  const headers = new Headers();
  for (let index = 0; index + 1 < message.rawHeaders.length; index += 2) {
    headers.append(message.rawHeaders[index] ?? '', message.rawHeaders[index + 1] ?? '');
  }
  const status = message.statusCode ?? 0;
  // A Response must not have a body with these.
  if (status === 204 || status === 205 || status === 304) {
    message.resume();
    return new Response(null, { status, headers });
  }
  // Node types its web streams apart from the global ones; they are the same objects.
  const body = Readable.toWeb(message) as unknown as ReadableStream<Uint8Array>;
  return new Response(body, { status, headers });
}

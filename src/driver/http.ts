/** Calls SDK apps over HTTP (reference/sdk-http-protocol.md §2, §3). */

import type { Clock } from '../lib/clock.ts';
import type { Driver } from './driver.ts';
import { exchange, type Fetch, type Unanswered } from './exchange.ts';
import {
  type CallFailed,
  type CallSite,
  describeSite,
  systemFailure,
  unreachable,
} from './failure.ts';
import { type BuiltCall, buildCall, type CallRequest } from './request.ts';
import { type CallOutcome, interpret, outputTooLarge, responseBytesMax } from './response.ts';
import { withFreshRetry } from './stale_connection.ts';
import { appFetch } from './wide_fetch.ts';

/** A step may run this long (§2.8), unless the server is set up otherwise. */
export const callTimeoutMs = 2 * 60 * 60 * 1000;

/** A driver for apps that serve HTTP. With a signing key calls are signed and signed answers are checked. */
export function httpDriver(parts: {
  readonly clock: Clock;
  readonly signingKey?: string;
  readonly timeoutMs?: number;
  readonly fetch?: Fetch;
}): Driver {
  const { clock, signingKey, timeoutMs = callTimeoutMs } = parts;
  const fetch = withFreshRetry(parts.fetch ?? appFetch, clock);
  return {
    async call(request, signal): Promise<CallOutcome> {
      const built = builtOrFailed(request, { signingKey, nowMs: clock.now() });
      if (!('body' in built)) return built;
      const answer = await exchange(
        {
          ...built,
          method: 'POST',
          redirects: 'as_sent',
          timeoutMs,
          responseBytesMax,
          signal,
        },
        { clock, fetch },
      );
      if (!answer.ok) return failureOf(answer, request);
      return interpret(answer, { ...siteOf(request), signingKey, nowMs: clock.now() });
    },
  };
}

/** Only the URL can make building fail: registration checks it, but older stored ones may be worse. */
function builtOrFailed(
  request: CallRequest,
  options: { readonly signingKey?: string; readonly nowMs: number },
): BuiltCall | CallFailed {
  if (URL.canParse(request.url)) return buildCall(request, options);
  return unreachable(request, 'ERR_INVALID_URL', 'the URL is not valid; sync the app again');
}

function siteOf(request: CallRequest): CallSite {
  return { appName: request.appName, functionSlug: request.functionSlug, url: request.url };
}

/** The outcome of a call that got no whole answer. */
export function failureOf(answer: Unanswered, site: CallSite): CallFailed {
  const detail = `${describeSite(site)}: ${answer.detail}`;
  switch (answer.reason) {
    case 'transport':
      return unreachable(site, answer.code, answer.detail);
    case 'too_large':
      return outputTooLarge(site);
    case 'encoding':
      return systemFailure('unsupported_encoding', 'The response could not be decoded', detail);
    case 'redirect':
      return systemFailure('invalid_redirect', 'The redirect could not be followed', detail);
    case 'timeout':
      return systemFailure('call_timeout', 'The app did not answer in time', detail);
    case 'aborted':
      return systemFailure('call_aborted', 'The call was given up', detail);
  }
}

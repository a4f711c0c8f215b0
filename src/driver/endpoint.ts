/**
 * Calls durable endpoints again: the original request is replayed with the run's id, and the SDK fetches the
 * state of the run by itself (reference/sdk-http-protocol.md §7.6).
 */

import { canonicalJson } from '../lib/canonical_json.ts';
import type { Clock } from '../lib/clock.ts';
import { sign } from '../lib/signature.ts';
import type { Driver } from './driver.ts';
import { type EndpointRequest, parseEndpointRequest } from './endpoint_request.ts';
import { exchange, type Fetch } from './exchange.ts';
import { unreachable } from './failure.ts';
import { callTimeoutMs, failureOf } from './http.ts';
import type { CallRequest } from './request.ts';
import {
  type CallContext,
  type CallOutcome,
  interpret,
  type RawResponse,
  responseBytesMax,
} from './response.ts';
import { withFreshRetry } from './stale_connection.ts';
import { appFetch } from './wide_fetch.ts';

interface EndpointParts {
  readonly clock: Clock;
  readonly signingKey?: string;
  readonly timeoutMs?: number;
  readonly fetch?: Fetch;
}

/** A driver for the runs of durable endpoints. With a signing key calls are signed and signed answers checked. */
export function endpointDriver(parts: EndpointParts): Driver {
  const { clock, signingKey, timeoutMs = callTimeoutMs } = parts;
  const fetch = withFreshRetry(parts.fetch ?? appFetch, clock);
  return {
    async call(request, signal): Promise<CallOutcome> {
      const { appName, functionSlug, url } = request;
      const site = { appName, functionSlug, url };
      const parsed = parseEndpointRequest(JSON.parse(request.event));
      if (!parsed.ok) return unreachable(site, 'ERR_INVALID_REQUEST', parsed.message);
      const original = parsed.request;
      const signature =
        signingKey === undefined
          ? ''
          : sign(signedText(original, request), signingKey, clock.now());
      const answer = await exchange(
        {
          url: original.url,
          method: original.method,
          headers: { ...headersOf(original, request), 'X-Inngest-Signature': signature },
          ...(original.body !== null && { body: original.body }),
          redirects: 'as_sent',
          timeoutMs,
          responseBytesMax,
          signal,
        },
        { clock, fetch },
      );
      if (!answer.ok) return failureOf(answer, site);
      return interpretEndpoint(answer, { ...site, signingKey, nowMs: clock.now() });
    },
  };
}

/** The step id of a discovery, which endpoints are not told. */
const discoveryStep = 'step';

function headersOf(original: EndpointRequest, request: CallRequest): Record<string, string> {
  return {
    ...(original.contentType !== '' && { 'Content-Type': original.contentType }),
    'X-Run-ID': request.runId,
    'x-request-id': request.requestId,
    'x-inngest-job-id': request.itemId,
    'x-inngest-req-version': String(request.requestVersion),
    ...(request.generation > 0 && { 'x-inngest-generation-id': String(request.generation) }),
    ...(request.disableImmediateExecution && { 'X-Inngest-Force-Step-Plan': 'true' }),
    ...(request.stepId !== discoveryStep && { 'X-Inngest-Step-ID': request.stepId }),
    ...(request.traceparent && { traceparent: request.traceparent }),
    ...(request.tracestate && { tracestate: request.tracestate }),
  };
}

/** Go signs the run id. JS reads the body of POST and PUT as JSON and takes any other request for empty. */
function signedText(original: EndpointRequest, request: CallRequest): string | Uint8Array {
  if (original.signs === 'run_id') return request.runId;
  const isRead = original.method === 'POST' || original.method === 'PUT';
  if (!isRead || original.body === null) return '';
  return typeof original.body === 'string' ? canonicalOrSame(original.body) : original.body;
}

function canonicalOrSame(body: string): string {
  try {
    return canonicalJson(JSON.parse(body));
  } catch {
    // Not JSON, so it has no canonical form: SDKs that do not read it sign what they got.
    return body;
  }
}

/** Headers that belong to the call or to its encoding, not to what the endpoint answers its caller. */
const droppedHeader = /^(x-inngest-.*|server-timing|content-(encoding|length)|transfer-encoding)$/;

/** An answer without opcodes is what the endpoint says to its caller, and so the result of the run. */
function interpretEndpoint(raw: RawResponse, context: CallContext): CallOutcome {
  const sdk = raw.headers['x-inngest-sdk'] ?? '';
  // JS streams its opcodes in a 201; a 201 of any other SDK is the endpoint's own.
  const isOwn201 = raw.status === 201 && sdk !== '' && !sdk.startsWith('inngest-js:');
  const outcome = interpret(isOwn201 ? { ...raw, status: 200 } : raw, context);
  const isStreamed = raw.status === 201 && !isOwn201;
  if (outcome.kind !== 'completed' || isStreamed) return outcome;
  const headers = Object.fromEntries(
    Object.entries(raw.headers).filter(([name]) => !droppedHeader.test(name)),
  );
  const body = typeof raw.body === 'string' ? raw.body : new TextDecoder().decode(raw.body);
  const resultText = canonicalJson({ data: { status: raw.status, headers, body } });
  return { ...outcome, status: raw.status, resultText };
}

/** The call of an SDK: URL, headers and body (reference/sdk-http-protocol.md §2.1-§2.7). */

import { canonicalJson } from '../lib/canonical_json.ts';
import { sign } from '../lib/signature.ts';
import { exceedsBytes } from './payload_size.ts';

/** Everything one call says. Texts named so are *canonical* JSON already: they are put in as they are. */
export interface CallRequest {
  readonly appName: string;
  readonly functionSlug: string;
  /** The step's registered URL. */
  readonly url: string;
  /** `step` for a discovery, the hashed id for one planned step. */
  readonly stepId: string;
  readonly runId: string;
  readonly fnId: string;
  /** 0-based, of the queue item. */
  readonly attempt: number;
  /** Retries + 1. */
  readonly maxAttempts: number;
  readonly disableImmediateExecution: boolean;
  /** -1 until the run's first 206; never 0. */
  readonly requestVersion: number;
  readonly itemId: string;
  /** `ctx.qi_id`, opaque to the SDK; it comes back in async checkpoints. */
  readonly queueItemToken: string;
  /** How often the item was requeued; 0 is left out. */
  readonly generation: number;
  readonly requestId: string;
  /** Hashed ids in order of completion. */
  readonly stack: readonly string[];
  readonly stackCurrent: number;
  /** Canonical text of the run's first event. */
  readonly event: string;
  /** Canonical text of the array of all events. */
  readonly events: string;
  /** Memos: hashed id and canonical text. Of a repeated id the first counts. */
  readonly steps: ReadonlyArray<readonly [id: string, valueJsonText: string]>;
  /** The run's stored state is above `stateBytesMax`: the SDK must fetch the memos itself. */
  readonly stepsTooLarge: boolean;
  readonly defers: Readonly<Record<string, { readonly abortable: boolean }>>;
  readonly accountId: string;
  /** When the run was executed for the first time. Not sent: the driver of documents counts waits from it. */
  readonly startedAtMs?: number;
  /** Whether the function takes events in batches, of which this may be one of one. Not sent. */
  readonly isBatch?: boolean;
  readonly traceparent?: string;
  readonly tracestate?: string;
}

/** What goes over the wire. */
export interface BuiltCall {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** A larger body leaves events and memos to be fetched (§2.7). */
export const requestBytesMax = 4 * 1024 * 1024;

/** Stored state above this is never inlined (§2.7); it sets `stepsTooLarge`. */
export const stateBytesMax = requestBytesMax - 1024;

/**
 * Builds a call, signed for `nowMs`: a retry must be built anew, because SDKs refuse signatures older than
 * five minutes. Throws TypeError when the registered URL is not one.
 */
export function buildCall(
  request: CallRequest,
  options: { readonly signingKey?: string; readonly nowMs: number },
): BuiltCall {
  const url = new URL(request.url);
  url.searchParams.set('stepId', request.stepId);
  const body = bodyOf(request);
  const headers = headersOf(request);
  if (options.signingKey !== undefined) {
    headers['X-Inngest-Signature'] = sign(body, options.signingKey, options.nowMs);
  }
  return { url: url.href, headers, body };
}

function headersOf(request: CallRequest): Record<string, string> {
  return {
    'Content-Type': 'application/json',
    'account-id': request.accountId,
    'X-Run-ID': request.runId,
    'X-Inngest-Step-ID': request.stepId,
    'x-request-id': request.requestId,
    'x-inngest-job-id': request.itemId,
    'x-inngest-req-version': String(request.requestVersion),
    ...(request.generation > 0 && { 'x-inngest-generation-id': String(request.generation) }),
    ...(request.traceparent && { traceparent: request.traceparent }),
    ...(request.tracestate && { tracestate: request.tracestate }),
  };
}

function bodyOf(request: CallRequest): string {
  const body = request.stepsTooLarge
    ? bodyText(request, { events: request.events, steps: '{}', mustFetch: true })
    : bodyText(request, {
        events: request.events,
        steps: stepsText(request.steps),
        mustFetch: false,
      });
  if (!exceedsBytes(body, requestBytesMax)) return body;
  return bodyText(request, { events: '[]', steps: '{}', mustFetch: true });
}

interface Payload {
  readonly events: string;
  readonly steps: string;
  /** `use_api`: the SDK asks the server for what is missing here. */
  readonly mustFetch: boolean;
}

/** Canonical by construction: members are written in code unit order and every piece is canonical. */
function bodyText(request: CallRequest, payload: Payload): string {
  return (
    `{"ctx":${contextText(request, payload.mustFetch)}` +
    `,"defers":${canonicalJson(request.defers)}` +
    `,"event":${request.event}` +
    `,"events":${payload.events}` +
    `,"steps":${payload.steps}` +
    `,"use_api":${payload.mustFetch}` +
    `,"version":${request.requestVersion}}`
  );
}

function contextText(request: CallRequest, mustFetch: boolean): string {
  return canonicalJson({
    attempt: request.attempt,
    disable_immediate_execution: request.disableImmediateExecution,
    env: '',
    fn_id: request.fnId,
    generation_id: request.generation > 0 ? request.generation : undefined,
    job_id: request.itemId || undefined,
    max_attempts: request.maxAttempts,
    qi_id: request.queueItemToken,
    request_id: request.requestId || undefined,
    run_id: request.runId,
    stack: { current: request.stackCurrent, stack: request.stack },
    // Always `step`, also when one planned step is called: the target is in the URL and the header (§2.3).
    step_id: 'step',
    use_api: mustFetch,
  });
}

function stepsText(steps: CallRequest['steps']): string {
  const sorted = steps.toSorted(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0));
  let text = '';
  let previous: string | undefined;
  for (const [id, value] of sorted) {
    if (id === previous) continue;
    text += `${text === '' ? '' : ','}${canonicalJson(id)}:${value}`;
    previous = id;
  }
  return `{${text}}`;
}

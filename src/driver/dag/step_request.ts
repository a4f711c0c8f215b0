/** The call of a step: what its URL is sent (cue-config.md §7.1). */

import { canonicalJson } from '../../lib/canonical_json.ts';
import { sign } from '../../lib/signature.ts';
import type { BuiltCall, CallRequest } from '../request.ts';
import type { Graph, GraphStep } from './graph.ts';
import type { RunData } from './run_data.ts';
import type { Reached } from './walk.ts';

/** There is one environment; it has always been called so. */
const environment = 'local';

export interface StepCall {
  readonly graph: Graph;
  readonly step: GraphStep;
  readonly reached: Reached | undefined;
  readonly data: RunData;
  readonly request: CallRequest;
}

/** Signed for `nowMs`, like calls of SDKs. */
export function buildStepCall(
  call: StepCall,
  options: { readonly signingKey?: string; readonly nowMs: number },
): BuiltCall {
  const body = bodyOf(call);
  const headers = headersOf(call);
  if (options.signingKey !== undefined) {
    headers['X-Inngest-Signature'] = sign(body, options.signingKey, options.nowMs);
  }
  return { url: call.step.step.url, headers, body };
}

/** `X-Inngest-Step-ID` is the id that APIs and traces use; the plain one is in the body and need not be ASCII. */
function headersOf({ step, request }: StepCall): Record<string, string> {
  return {
    'Content-Type': 'application/json',
    'X-Run-ID': request.runId,
    'X-Inngest-Step-ID': step.opId,
    'x-request-id': request.requestId,
    'x-inngest-job-id': request.itemId,
    ...(request.traceparent && { traceparent: request.traceparent }),
    ...(request.tracestate && { tracestate: request.tracestate }),
  };
}

/** Canonical by construction: members are in code unit order and every piece is canonical. */
function bodyOf(call: StepCall): string {
  const { data, reached, request } = call;
  const resumedBy = reached?.resumedBy?.eventText;
  const members = [
    ...(resumedBy === undefined ? [] : [`"async":${resumedBy}`]),
    `"ctx":${contextText(call)}`,
    `"event":${request.event}`,
    ...(hasEvents(request) ? [`"events":${request.events}`] : []),
    `"steps":${data.stepsText()}`,
  ];
  return `{${members.join(',')}}`;
}

/** Whether events come in batches; a service is to find them at the same place however many came. */
function hasEvents({ isBatch = false, event, events }: CallRequest): boolean {
  return isBatch || events.length > event.length + '[]'.length;
}

function contextText({ graph, step, reached, request }: StepCall): string {
  const finished = request.stack.flatMap((opId) => graph.byOpId.get(opId) ?? []);
  const parent = reached?.by?.parent ?? null;
  return canonicalJson({
    attempt: request.attempt,
    env: environment,
    fn_id: request.fnId,
    run_id: request.runId,
    // `current`: the 1-based place of the step that led here; 0 for the trigger.
    stack: {
      current: parent === null ? 0 : finished.indexOf(parent) + 1,
      stack: finished.map(({ step: { id } }) => id),
    },
    step_id: step.step.id,
  });
}

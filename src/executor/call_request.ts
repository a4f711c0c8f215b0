/** From a run's state to the call of its app (sdk-http-protocol.md §2). */
import type { CallRequest } from '../driver/request.ts';
import { accountId, type FunctionDefinition } from '../function/definition.ts';
import { canonicalJson } from '../lib/canonical_json.ts';
import type { LeasedItem } from '../queue/item.ts';
import type { RunState } from '../state/run_state.ts';
import { spanIdOf, traceIdOf } from '../trace/identity.ts';
import { formatTraceparent } from '../trace/traceparent.ts';
import type { Call } from './call_fact.ts';
import { type Edge, stepOfItem } from './edge.ts';
import { parseDefer } from './opcodes/defer.ts';

/** The step id of a discovery: that of the one step SDKs register. */
const discoveryStep = 'step';
/** The only shard so far; part of `qi_id`. */
const shard = 'default';

export function callRequest(work: {
  readonly item: LeasedItem;
  readonly edge: Edge;
  readonly fn: FunctionDefinition;
  readonly state: RunState;
  readonly call: Pick<Call, 'callId' | 'requestId'>;
}): CallRequest {
  const { item, fn, state, call } = work;
  const stack = state.stack;
  return {
    appName: fn.appName,
    functionSlug: fn.slug,
    url: fn.url,
    stepId: work.edge.target?.stepId ?? discoveryStep,
    runId: item.runId,
    fnId: fn.id,
    attempt: item.attempt,
    maxAttempts: item.attemptsMax,
    disableImmediateExecution: state.isPlanForced,
    requestVersion: state.requestVersion,
    itemId: item.id,
    queueItemToken: queueItemToken(item.id),
    generation: item.generation,
    requestId: call.requestId,
    stack,
    stackCurrent: stack.indexOf(work.edge.slept?.stepId ?? stepOfItem(item.runId, item.id)) + 1,
    event: firstEvent(state.events),
    events: state.events,
    steps: memos(state),
    stepsTooLarge: state.areStepsLeftOut,
    defers: defersOf(state),
    accountId,
    startedAtMs: state.startedAtMs,
    isBatch: fn.batchEvents !== undefined,
    ...traceHeaders(item.runId, call.callId, fn),
  };
}

/** By which the app's own spans find their place below the call's (observability-ui.md §4, http-api.md §6). */
function traceHeaders(
  runId: string,
  callId: string,
  fn: FunctionDefinition,
): { traceparent: string; tracestate: string } {
  const spanId = spanIdOf(runId, { of: 'call', callId });
  const traceparent = formatTraceparent({ traceId: traceIdOf(runId), spanId });
  const reference = encodeURIComponent(JSON.stringify({ tp: traceparent, ts: '' }));
  const tracestate = `inngest@traceref=${reference},inngest@fn=${fn.id},inngest@app=${fn.appId}`;
  return { traceparent, tracestate };
}

/** Results of finished steps, and inputs of those that still have none. */
export function memos(state: Pick<RunState, 'steps' | 'inputs'>): (readonly [string, string])[] {
  if (state.inputs.length === 0) return [...state.steps];
  const finished = new Set(state.steps.map(([id]) => id));
  return [...state.steps, ...state.inputs.filter(([id]) => !finished.has(id))];
}

/** Text of the first element: without brackets where it is the only one, which is nearly always. */
function firstEvent(events: string): string {
  const parsed: unknown = JSON.parse(events);
  if (!Array.isArray(parsed) || parsed.length === 0) return '{}';
  // Parsing puts members with numbers for names first.
  return parsed.length === 1 ? events.slice(1, -1) : canonicalJson(parsed[0]);
}

function defersOf(state: RunState): Record<string, { abortable: boolean }> {
  const defers = new Map<string, { abortable: boolean }>();
  const calledOff = new Set<string>();
  for (const [stepId, text] of state.defers) {
    const record = parseDefer(text);
    if (record.status === 'abort') calledOff.add(record.target ?? '');
    else defers.set(stepId, { abortable: record.status === 'after_run' });
  }
  for (const stepId of calledOff) if (defers.has(stepId)) defers.set(stepId, { abortable: false });
  // Whatever the SDK calls its steps, `__proto__` too, becomes a member like any other.
  return Object.fromEntries(defers);
}

/** `ctx.qi_id`: opaque to the SDK, which sends it back with checkpoints (sdk-http-protocol.md §2.3). */
export function queueItemToken(itemId: string): string {
  return Buffer.from(`${itemId}::${shard}`).toString('base64');
}

/** The item that a `qi_id` names; null when it is not one of ours. */
export function itemOfToken(token: string): string | null {
  const text = Buffer.from(token, 'base64').toString('utf8');
  return text.endsWith(`::${shard}`) ? text.slice(0, -shard.length - 2) : null;
}

/** Facts of a run as the server tells them, for tests of trees; times are milliseconds after the run was scheduled. */
import { createHash } from 'node:crypto';
import type {
  CallEndedFact,
  CallStartedFact,
  MetadataFact,
  RunStatus,
  StepFact,
  StepStatus,
  TraceFact,
  UserlandSpanFact,
} from '../../src/history/fact.ts';
import type { EventRecord, RunRecord } from '../../src/history/history.ts';
import type { RunTrace } from '../../src/trace/run_trace.ts';
import type { TraceSpan } from '../../src/trace/span.ts';
import { runRecord } from '../api/records.ts';

export const runId = '01KDVDNA00RV0000000000000A';
export const eventId = '01KDVDNA00EV0000000000000A';
export const beganAtMs = 1_767_225_600_000;

export function hashed(name: string): string {
  return createHash('sha1').update(name).digest('hex');
}

/** `next:a#1` as the server writes it: with the hashed id of the step. */
export function itemOf(text: string): string {
  return text.replace(/:(\w+)/, (_, name: string) => `:${hashed(name)}`);
}

export function iso(ms: number): string {
  return new Date(beganAtMs + ms).toISOString();
}

/** How a run ended: status, time, output. Left out, it goes on. */
export type Ended = readonly [RunStatus, number, string?];

export function told(
  facts: readonly TraceFact[],
  ended?: Ended,
  fields: Partial<RunRecord> = {},
): RunTrace {
  const [status, endedMs, output] = ended ?? [];
  const run = runRecord({
    runId,
    eventIds: [eventId],
    scheduledAtMs: beganAtMs,
    startedAtMs: beganAtMs + 1,
    status: status ?? 'Running',
    endedAtMs: endedMs === undefined ? null : beganAtMs + endedMs,
    output: output ?? null,
    ...fields,
  });
  return { run, events: [event()], facts };
}

export function event(fields: Partial<EventRecord> = {}): EventRecord {
  return {
    internalId: eventId,
    receivedAtMs: beganAtMs,
    name: 'order/placed',
    payload: `{"data":{"n":1},"id":"${eventId}","name":"order/placed","ts":${beganAtMs},"user":{}}`,
    ...fields,
  };
}

interface Asked {
  readonly group: string;
  /** Due, begun and ended. */
  readonly at: readonly [number, number, number?];
  readonly attempt?: number;
  readonly max?: number;
  readonly step?: string;
  readonly generation?: number;
}

function callStarted(asked: Asked): CallStartedFact {
  const { at, attempt = 0, max = 1, step, generation = attempt + 1 } = asked;
  const group = itemOf(asked.group);
  return {
    t: 'call.started',
    runId,
    callId: `${group}#${generation}`,
    group,
    attempt,
    attemptsMax: max,
    functionSlug: 'shop-charge',
    dueAtMs: beganAtMs + at[0],
    atMs: beganAtMs + at[1],
    ...(step !== undefined && { stepId: hashed(step), stepName: step }),
  };
}

function callEnded(asked: Asked, answer: Partial<CallEndedFact>): TraceFact[] {
  const started = callStarted(asked);
  const endedMs = asked.at[2] ?? asked.at[1];
  const ended: CallEndedFact = {
    ...started,
    t: 'call.ended',
    atMs: beganAtMs + endedMs,
    startedAtMs: started.atMs,
    outcome: 'steps',
    requestId: '01KDVDNA00RQ0000000000000A',
    url: 'http://app.example/api/inngest',
    ...answer,
  };
  return [started, ended];
}

/** A call that is under way. */
export function opened(asked: Asked): TraceFact[] {
  return [callStarted(asked)];
}

/** `ops` as `<op> <step>`. */
export function answered(asked: Asked, ...ops: readonly string[]): TraceFact[] {
  const parsed = ops.map((text) => {
    const [op = '', name = ''] = text.split(' ');
    return { op, id: hashed(name), name };
  });
  return callEnded(asked, { statusCode: 206, headers: { 'x-inngest-sdk': 'js:v4' }, ops: parsed });
}

export function returned(asked: Asked): TraceFact[] {
  return callEnded(asked, { outcome: 'result', statusCode: 200, headers: {} });
}

export function threw(asked: Asked, message: string, isFinal = false): TraceFact[] {
  const output = JSON.stringify({ error: `Error: ${message}`, name: 'Error', message });
  return callEnded(asked, { outcome: 'error', statusCode: 500, headers: {}, output, isFinal });
}

/** Nobody answered. */
export function unreachable(asked: Asked): TraceFact[] {
  const output = JSON.stringify({ name: 'Error', message: 'connection refused' });
  return callEnded(asked, { outcome: 'error', output });
}

/** A step fact at a time; `callId` names the call that told of it. */
export function step(
  name: string,
  status: StepStatus,
  atMs: number,
  fields: Partial<StepFact> = {},
): StepFact {
  return {
    t: 'step',
    runId,
    stepId: hashed(name),
    name,
    kind: 'run',
    status,
    attempt: 0,
    atMs: beganAtMs + atMs,
    ...fields,
    ...(fields.callId !== undefined && { callId: itemOf(fields.callId) }),
  };
}

/** A step that an answer told of: run in the app from `atMs[0]` to `atMs[1]`. */
export function ran(
  name: string,
  callId: string,
  atMs: readonly [number, number],
  fields: Partial<StepFact> = {},
): StepFact {
  return step(name, 'Completed', atMs[1], {
    op: 'StepRun',
    callId,
    startedAtMs: beganAtMs + atMs[0],
    durationMs: atMs[1] - atMs[0],
    output: `{"data":"${name} done"}`,
    ...fields,
  });
}

/** A step that threw. */
export function broke(
  name: string,
  callId: string,
  atMs: readonly [number, number],
  fields: Partial<StepFact> = {},
): StepFact {
  return ran(name, callId, atMs, {
    op: 'StepError',
    status: 'Errored',
    output: `{"error":{"message":"${name} broke","name":"Error","stack":"at ${name}"}}`,
    ...fields,
  });
}

export function userland(
  spanId: string,
  atMs: number,
  fields: Partial<UserlandSpanFact> = {},
): UserlandSpanFact {
  return {
    t: 'userland',
    runId,
    spanId,
    traceId: 'a'.repeat(32),
    name: spanId,
    kind: 'INTERNAL',
    status: 'Ok',
    atMs: beganAtMs + atMs,
    durationMs: 5,
    attributes: '{}',
    resourceAttributes: '{}',
    ...fields,
  };
}

let metadataCount = 0;

export function metadata(kind: string, values: string, fields: Partial<MetadataFact> = {}) {
  metadataCount += 1;
  const fact: MetadataFact = {
    t: 'metadata',
    id: `01KDVDNA00MD${String(metadataCount).padStart(14, '0')}`,
    runId,
    atMs: beganAtMs + 50,
    scope: 'run',
    kind,
    op: 'merge',
    values,
    ...fields,
  };
  return fact;
}

/** `name STATUS op attempts queued/started..ended`, then what else it has. */
export function text(span: TraceSpan, depth = 0): string {
  const ms = (atMs: number | null): string => (atMs === null ? '-' : String(atMs - beganAtMs));
  const { name, status, stepOp, attempts, queuedAtMs, startedAtMs, endedAtMs } = span;
  const words = [
    name,
    status,
    stepOp ?? '-',
    attempts ?? '-',
    `${ms(queuedAtMs)}/${ms(startedAtMs)}..${ms(endedAtMs)}`,
    ...(span.stepType === '' || span.stepType === stepOp ? [] : [`type=${span.stepType}`]),
    ...(span.durationMs === null ? [] : [`took=${span.durationMs}`]),
    ...(span.outputId === null ? [] : ['out']),
    ...(span.response === null ? [] : [`http=${span.response.statusCode}`]),
    ...span.metadata.map(({ kind }) => `+${kind}`),
  ];
  const line = `${'  '.repeat(depth)}${words.join(' ')}`;
  return [line, ...span.children.map((child) => text(child, depth + 1))].join('\n');
}

/** The facts of one run in which everything happens once. */
import { type Fact, factText } from '../../../src/history/fact.ts';

export const runId = '01JV8W3R9V2Y7M6S6S3F2K4N5P';
export const sender = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) };
export const t0 = 1_767_225_600_000;

const call = {
  runId,
  group: 'start',
  callId: 'start#1',
  attempt: 0,
  attemptsMax: 4,
  functionSlug: 'shop-charge',
  dueAtMs: t0 + 5,
  requestId: 'req-1',
  url: 'http://localhost:3000/api/inngest',
} as const;
const step = { t: 'step', runId, attempt: 0 } as const;
const charge = {
  ...step,
  stepId: 'hash-charge',
  name: 'charge',
  kind: 'run',
  op: 'StepRun',
} as const;
const error = JSON.stringify({
  error: { name: 'CardError', message: 'declined', stack: 'at 4242' },
});

/** Without a step's own times: what comes before has to be remembered. */
const waits: readonly Fact[] = [
  {
    ...step,
    stepId: 'hash-nap',
    name: 'nap',
    kind: 'sleep',
    status: 'Sleeping',
    atMs: t0 + 30,
    detail: { until: new Date(t0 + 1_030).toISOString() },
  },
  {
    ...step,
    stepId: 'hash-nap',
    name: 'nap',
    kind: 'sleep',
    status: 'Completed',
    atMs: t0 + 1_030,
  },
  {
    ...step,
    stepId: 'hash-wait',
    name: 'paid?',
    kind: 'waitForEvent',
    status: 'Waiting',
    atMs: t0 + 1_040,
    detail: {
      event: 'order/paid',
      expression: 'async.data.ok',
      timeout: new Date(t0 + 9_000).toISOString(),
    },
  },
  {
    ...step,
    stepId: 'hash-wait',
    name: 'paid?',
    kind: 'waitForEvent',
    status: 'Completed',
    atMs: t0 + 2_000,
    output: '{"data":{"card":"4242"}}',
    detail: { event_id: 'event-2' },
  },
  {
    ...step,
    stepId: 'hash-invoke',
    name: 'ship',
    kind: 'invoke',
    status: 'TimedOut',
    atMs: t0 + 3_000,
    startedAtMs: t0 + 2_500,
    durationMs: 500,
    output: error,
  },
  {
    ...step,
    stepId: 'hash-signal',
    name: 'approve',
    kind: 'waitForSignal',
    status: 'TimedOut',
    atMs: t0 + 3_100,
    startedAtMs: t0 + 3_050,
  },
];

const facts: readonly Fact[] = [
  { t: 'event', internalId: 'event-1', receivedAtMs: t0, payload: '{"name":"order/placed"}' },
  {
    t: 'run.scheduled',
    runId,
    functionId: 'fn-1',
    functionVersion: 3,
    functionSlug: 'shop-charge',
    appId: 'app-1',
    eventIds: ['event-1'],
    eventName: 'order/placed',
    atMs: t0 + 5,
    links: [`00-${sender.traceId}-${sender.spanId}-01`, 'nonsense'],
  },
  { t: 'run.started', runId, atMs: t0 + 10 },
  { t: 'call.started', ...call, atMs: t0 + 10 },
  {
    ...charge,
    status: 'Errored',
    atMs: t0 + 20,
    startedAtMs: t0 + 12,
    durationMs: 3.5,
    output: error,
  },
  {
    t: 'call.ended',
    ...call,
    startedAtMs: t0 + 10,
    atMs: t0 + 20,
    outcome: 'steps',
    statusCode: 206,
    responseBytes: 42,
    ops: [{ op: 'StepError', id: 'hash-charge', name: 'charge' }],
  },
  {
    ...charge,
    attempt: 1,
    attemptsMax: 4,
    status: 'Completed',
    atMs: t0 + 30,
    startedAtMs: t0 + 25,
    durationMs: 2.25,
    input: '[{"card":"4242"}]',
    output: '{"data":{"card":"4242"}}',
  },
  ...waits,
  {
    t: 'call.ended',
    ...call,
    group: 'sleep:hash-nap',
    callId: 'sleep:hash-nap#1',
    dueAtMs: t0 + 3_100,
    startedAtMs: t0 + 3_110,
    atMs: t0 + 3_120,
    outcome: 'error',
    isFinal: true,
    statusCode: 500,
    output: JSON.stringify({ name: 'Error', message: 'no luck', stack: 'secret' }),
  },
  {
    t: 'run.ended',
    runId,
    atMs: t0 + 3_120,
    status: 'Failed',
    output: '{"name":"Error","message":"no luck"}',
  },
];

export const scriptedRun: readonly string[] = facts.map(factText);

/** A trigger each: as many spans as runs. */
export function scheduledRuns(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, index) =>
    factText({
      t: 'run.scheduled',
      runId: `run-${from + index}`,
      functionId: 'fn-1',
      functionVersion: 1,
      functionSlug: 'shop-charge',
      appId: 'app-1',
      eventIds: [],
      eventName: 'order/placed',
      atMs: t0,
    }),
  );
}

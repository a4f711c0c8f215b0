/** Runs in which every kind of trigger and step happens, with all that facts can say of them. */
import type { Fact, RunScheduledFact, TraceFact } from '../../../src/history/fact.ts';
import { overConnect } from '../further_runs.ts';
import {
  answered,
  beganAtMs,
  broke,
  event,
  eventId,
  hashed,
  iso,
  metadata,
  ran,
  returned,
  runId,
  step,
  threw,
  userland,
} from '../told.ts';

const sender = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
const asking = { attemptsMax: 4 } as const;

const scheduled: RunScheduledFact = {
  t: 'run.scheduled',
  runId,
  functionId: 'fn-1',
  functionVersion: 3,
  functionSlug: 'shop-charge',
  functionName: 'Charge',
  appId: 'app-1',
  appName: 'shop',
  eventIds: [eventId],
  eventName: 'order/placed',
  atMs: beganAtMs,
};

function measured(facts: readonly TraceFact[]): readonly Fact[] {
  return facts.map((fact) => (fact.t === 'call.ended' ? { ...fact, responseBytes: 42 } : fact));
}

/** Work in the app: attempts, a plan, model calls. */
const work: readonly Fact[] = [
  broke('a', 'start#1', [3, 9], asking),
  ...answered({ group: 'start', at: [0, 2, 10], max: 4 }, 'StepError a'),
  ran('a', 'start#2', [23, 29], { ...asking, attempt: 1, input: '[1]' }),
  ...measured(answered({ group: 'start', attempt: 1, at: [20, 22, 30], max: 4 }, 'StepRun a')),
  ...answered({ group: 'next:a', at: [30, 31, 40] }, 'StepPlanned p', 'StepPlanned wrap'),
  step('p', 'Queued', 40, { op: 'StepPlanned', callId: 'next:a#1' }),
  broke('p', 'plan:p#1', [42, 44], { op: 'StepFailed', status: 'Failed' }),
  ...answered({ group: 'plan:p', step: 'p', at: [40, 41, 45] }, 'StepFailed p'),
  ran('wrap', 'plan:wrap#1', [42, 48], { kind: 'aiWrap', input: '[{"model":"m"}]' }),
  ran('send', 'next:wrap#1', [50, 51], { kind: 'sendEvent' }),
  ran('signal', 'next:wrap#1', [51, 52], { kind: 'sendSignal' }),
  ran('publish', 'next:wrap#1', [52, 53], { kind: 'realtimePublish' }),
  ran('choose', 'next:wrap#1', [53, 54], { kind: 'groupExperiment' }),
];

/** Requests that the server makes. */
const requests: readonly Fact[] = [
  step('ask', 'Running', 60, { kind: 'aiInfer', op: 'AIGateway', callId: 'next:send#1' }),
  step('ask', 'Errored', 65, {
    ...{ kind: 'aiInfer', op: 'AIGateway', callId: 'gateway:ask#1', ...asking },
    ...{ startedAtMs: beganAtMs + 61, durationMs: 4, output: '{"error":{"message":"429"}}' },
  }),
  step('ask', 'Completed', 80, {
    ...{ kind: 'aiInfer', op: 'AIGateway', callId: 'gateway:ask#2', attempt: 1, ...asking },
    ...{ startedAtMs: beganAtMs + 70, durationMs: 10, output: '{"data":{"text":"hi"}}' },
  }),
  step('fetch', 'Completed', 85, {
    ...{ kind: 'fetch', op: 'Gateway', callId: 'gateway:fetch#1', ...asking },
    ...{ startedAtMs: beganAtMs + 82, durationMs: 3, output: '{"data":{"status":200}}' },
  }),
];

const waits: readonly Fact[] = [
  step('nap', 'Sleeping', 100, { kind: 'sleep', op: 'Sleep', detail: { until: iso(200) } }),
  step('nap', 'Completed', 200, { kind: 'sleep', output: 'null' }),
  step('w', 'Waiting', 210, {
    ...{ kind: 'waitForEvent', op: 'WaitForEvent' },
    detail: { event: 'paid', expression: '1 == async.data.id', timeout: iso(900) },
  }),
  step('w', 'Completed', 220, {
    ...{ kind: 'waitForEvent', output: '{"name":"paid","data":{"id":1}}' },
    detail: { event_id: '01KDVDNA00FD0000000000000A' },
  }),
  step('late', 'Waiting', 220, {
    ...{ kind: 'waitForEvent', op: 'WaitForEvent' },
    detail: { event: 'paid', timeout: iso(230) },
  }),
  step('late', 'TimedOut', 230, { kind: 'waitForEvent', output: 'null' }),
  step('s', 'Waiting', 230, {
    ...{ kind: 'waitForSignal', op: 'WaitForSignal' },
    detail: { signal: 'go', timeout: iso(900) },
  }),
  step('s', 'Completed', 240, { kind: 'waitForSignal', output: '{"data":{"signal":"go"}}' }),
  step('i', 'Invoking', 250, {
    ...{ kind: 'invoke', op: 'InvokeFunction', input: '[{"n":1}]' },
    detail: { function_id: 'shop-bill', timeout: iso(900), event_id: eventId },
  }),
  step('i', 'Completed', 260, {
    ...{ kind: 'invoke', output: '{"data":7}' },
    detail: { event_id: '01KDVDNA00FN0000000000000A', run_id: '01KDVDNA00RV0000000000000B' },
  }),
  step('i2', 'TimedOut', 280, {
    ...{ kind: 'invoke', output: '{"error":{"name":"Late","message":"too late"}}' },
    ...{ startedAtMs: beganAtMs + 270, durationMs: 10 },
  }),
];

const everything: readonly Fact[] = [
  { t: 'event', internalId: eventId, receivedAtMs: beganAtMs, payload: event().payload },
  { ...scheduled, links: [sender, 'nonsense'] },
  { t: 'run.started', runId, atMs: beganAtMs + 1, functionSlug: 'shop-charge' },
  ...work,
  ...requests,
  ...waits,
  userland('5000000000000001', 3, { stepId: hashed('a'), attempt: 0 }),
  metadata('userland.cart', '{"items":1}'),
  ...threw({ group: 'next:i', at: [280, 285, 290], max: 2 }, 'boom'),
  ...returned({ group: 'next:i', attempt: 1, at: [290, 291, 300], max: 2 }),
  { t: 'run.ended', runId, atMs: beganAtMs + 300, status: 'Completed', output: '{"ok":true}' },
];

const tickId = '01KDVDNA00TC0000000000000A';
const tick = JSON.stringify({
  data: { cron: '0 * * * *', fireAt: iso(2_000), scheduledAt: iso(0) },
  id: iso(0),
  name: 'inngest/scheduled.timer',
  ts: beganAtMs + 2_000,
  user: {},
});

/** A run without steps: what started it, and how it ended. */
function brief(
  start: Partial<RunScheduledFact>,
  status: 'Failed' | 'Cancelled' | 'Skipped',
): Fact[] {
  const of = { runId: start.runId ?? runId, functionSlug: 'shop-charge' };
  const output = status === 'Failed' ? '{"error":{"name":"E","message":"no"}}' : undefined;
  return [
    { ...scheduled, ...start },
    { t: 'run.ended', ...of, atMs: beganAtMs + 50, status, output },
  ];
}

/** By what they show. */
export const everyKind: Readonly<Record<string, readonly Fact[]>> = {
  'a run with every kind of step': everything,
  'a run that a schedule started, and that failed': [
    { t: 'event', internalId: tickId, receivedAtMs: beganAtMs + 2_000, payload: tick },
    ...brief(
      { runId: '01KDVDNA00RV0000000000000C', eventIds: [tickId], cron: '0 * * * *' },
      'Failed',
    ),
  ],
  'a run of a batch, cancelled': brief(
    {
      runId: '01KDVDNA00RV0000000000000D',
      eventIds: [eventId, '01KDVDNA00EV0000000000000B'],
      batchId: '01KDVDNA00BA0000000000000A',
    },
    'Cancelled',
  ),
  'a run that was skipped': brief({ runId: '01KDVDNA00RV0000000000000E' }, 'Skipped'),
  'a call that a Connect worker answered': overConnect(
    answered({ group: 'start', at: [0, 2, 10] }, 'StepRun a'),
  ),
  'the end of a run whose beginning is not remembered': [
    {
      ...{ t: 'run.ended', runId: '01KDVDNA00RV0000000000000F', status: 'Completed' },
      ...{ atMs: beganAtMs + 50, functionSlug: 'shop-charge', output: 'null' },
    },
  ],
};

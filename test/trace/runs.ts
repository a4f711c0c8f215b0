import type { RunTrace } from '../../src/trace/run_trace.ts';
import { annotatedRuns } from './annotated_runs.ts';
import { cutOffRuns } from './cut_off_runs.ts';
import { furtherRuns } from './further_runs.ts';
import {
  answered,
  beganAtMs,
  broke,
  eventId,
  iso,
  opened,
  ran,
  returned,
  step,
  threw,
  told,
  unreachable,
} from './told.ts';

const done = ['Completed', 100, '{"ok":true}'] as const;
const failure = '{"error":"Error: boom","message":"boom","name":"Error"}';
const failed = ['Failed', 100, failure] as const;

const a = [
  ...answered({ group: 'start', at: [0, 2, 10] }, 'StepRun a'),
  ran('a', 'start#1', [4, 9], { input: '[1]' }),
];
const afterA = { group: 'next:a', at: [10, 12, 100] } as const;

const sleep = {
  begun: step('nap', 'Sleeping', 20, {
    kind: 'sleep',
    op: 'Sleep',
    callId: 'start#1',
    detail: { until: iso(80) },
  }),
  over: step('nap', 'Completed', 80, { kind: 'sleep', output: 'null' }),
};

const wait = step('w', 'Waiting', 10, {
  kind: 'waitForEvent',
  op: 'WaitForEvent',
  callId: 'start#1',
  detail: { event: 'paid', expression: '1 == async.data.id', timeout: iso(90) },
});
const signal = step('s', 'Waiting', 10, {
  kind: 'waitForSignal',
  op: 'WaitForSignal',
  callId: 'start#1',
  detail: { signal: 'go', timeout: iso(90) },
});
const invoke = step('i', 'Invoking', 10, {
  kind: 'invoke',
  op: 'InvokeFunction',
  callId: 'start#1',
  input: '[{"n":1}]',
  detail: { function_id: 'shop-bill', timeout: iso(90), event_id: eventId },
});
const asked = (op: string) => answered({ group: 'start', at: [0, 2, 10] }, op);
const finish = (group: string, dueMs: number) => returned({ group, at: [dueMs, dueMs + 1, 100] });

export const runs: Readonly<Record<string, RunTrace>> = {
  'no steps': told(returned({ group: 'start', at: [0, 2, 100] }), done),
  'two steps': told(
    [
      ...a,
      ...answered({ group: 'next:a', at: [10, 12, 20] }, 'StepRun b'),
      ran('b', 'next:a#1', [13, 19]),
      ...returned({ group: 'next:b', at: [20, 22, 100] }),
    ],
    done,
  ),
  'sleep over': told(
    [...asked('Sleep nap'), sleep.begun, sleep.over, ...finish('sleep:nap', 80)],
    done,
  ),
  sleeping: told([...asked('Sleep nap'), sleep.begun]),
  'sleep after a failed attempt': told(
    [
      ...unreachable({ group: 'start', at: [0, 2, 5], max: 2 }),
      ...answered({ group: 'start', attempt: 1, at: [6, 7, 20], max: 2 }, 'Sleep nap'),
      { ...sleep.begun, callId: 'start#2' },
      sleep.over,
      ...finish('sleep:nap', 80),
    ],
    done,
  ),
  'cancelled while sleeping': told(
    [
      ...a,
      ...answered({ group: 'next:a', at: [10, 12, 20] }, 'Sleep nap'),
      { ...sleep.begun, callId: 'next:a#1' },
    ],
    ['Cancelled', 50],
  ),
  'event found': told(
    [
      ...asked('WaitForEvent w'),
      wait,
      step('w', 'Completed', 40, {
        kind: 'waitForEvent',
        detail: { event_id: '01KDVDNA00FD0000000000000A' },
        output: '{"data":{"id":1},"id":"e","name":"paid","ts":1,"user":{}}',
      }),
      ...finish('next:w', 40),
    ],
    done,
  ),
  'event timed out': told(
    [
      ...asked('WaitForEvent w'),
      wait,
      step('w', 'TimedOut', 90, { kind: 'waitForEvent', output: 'null' }),
      ...finish('next:w', 90),
    ],
    done,
  ),
  'waiting for an event': told([...asked('WaitForEvent w'), wait]),
  'wait before which an attempt fails': told(
    unreachable({ group: 'start', at: [0, 2, 5], max: 2 }),
  ),
  'signal received': told(
    [
      ...asked('WaitForSignal s'),
      signal,
      step('s', 'Completed', 40, {
        kind: 'waitForSignal',
        output: '{"data":{"data":{"x":1},"signal":"go"}}',
      }),
      ...finish('next:s', 40),
    ],
    done,
  ),
  'signal timed out': told(
    [
      ...asked('WaitForSignal s'),
      signal,
      step('s', 'TimedOut', 90, { kind: 'waitForSignal', output: 'null' }),
      ...finish('next:s', 90),
    ],
    done,
  ),
  invoking: told([...asked('InvokeFunction i'), invoke]),
  'invoke ok': told(
    [
      ...asked('InvokeFunction i'),
      invoke,
      step('i', 'Completed', 40, {
        kind: 'invoke',
        name: '',
        detail: { event_id: '01KDVDNA00FN0000000000000A', run_id: '01KDVDNA00RV0000000000000B' },
        output: '{"data":{"billed":7}}',
      }),
      ...finish('next:i', 40),
    ],
    done,
  ),
  'invoke failed': told(
    [
      ...asked('InvokeFunction i'),
      invoke,
      step('i', 'Failed', 40, {
        kind: 'invoke',
        detail: { event_id: '01KDVDNA00FN0000000000000A', run_id: '01KDVDNA00RV0000000000000B' },
        output: '{"error":{"message":"no money","name":"BillError"}}',
      }),
      ...threw({ group: 'next:i', at: [40, 41, 100] }, 'boom', true),
    ],
    failed,
  ),
  'invoke timed out': told(
    [
      ...asked('InvokeFunction i'),
      invoke,
      step('i', 'TimedOut', 90, {
        kind: 'invoke',
        output: '{"error":{"message":"Timed out","name":"InngestInvokeTimeoutError"}}',
      }),
      ...threw({ group: 'next:i', at: [90, 91, 100] }, 'boom', true),
    ],
    failed,
  ),
  'failing step': told(
    [
      ...answered({ group: 'start', at: [0, 2, 10], max: 2 }, 'StepError f'),
      broke('f', 'start#1', [3, 9]),
      ...answered({ group: 'start', attempt: 1, at: [20, 22, 30], max: 2 }, 'StepFailed f'),
      broke('f', 'start#2', [23, 29], { op: 'StepFailed', status: 'Failed', attempt: 1 }),
      ...threw({ group: 'next:f', at: [30, 31, 40], max: 2 }, 'boom'),
      ...threw({ group: 'next:f', attempt: 1, at: [50, 51, 100], max: 2 }, 'boom', true),
    ],
    failed,
  ),
  'step ok on retry': told(
    [
      ...answered({ group: 'start', at: [0, 2, 10], max: 2 }, 'StepError s'),
      broke('s', 'start#1', [3, 9]),
      ...answered({ group: 'start', attempt: 1, at: [20, 22, 30], max: 2 }, 'StepRun s'),
      ran('s', 'start#2', [23, 29], { attempt: 1 }),
      ...finish('next:s', 30),
    ],
    done,
  ),
  'step waiting for its retry': told([
    ...answered({ group: 'start', at: [0, 2, 10], max: 2 }, 'StepError s'),
    broke('s', 'start#1', [3, 9]),
  ]),
  'network failure before the step is known': told(
    [
      ...unreachable({ group: 'start', at: [0, 2, 5], max: 3 }),
      ...answered({ group: 'start', attempt: 1, at: [10, 12, 20], max: 3 }, 'StepError a'),
      broke('a', 'start#2', [13, 19], { attempt: 1 }),
      ...answered({ group: 'start', attempt: 2, at: [30, 32, 40], max: 3 }, 'StepRun a'),
      ran('a', 'start#3', [33, 39], { attempt: 2 }),
      ...finish('next:a', 40),
    ],
    done,
  ),
  'function ok on retry': told(
    [
      ...threw({ group: 'start', at: [0, 2, 10], max: 2 }, 'boom'),
      ...returned({ group: 'start', attempt: 1, at: [20, 22, 100], max: 2 }),
    ],
    done,
  ),
  'function error, no retry': told(
    threw({ group: 'start', at: [0, 2, 100] }, 'boom', true),
    failed,
  ),
  'function error, 1 retry': told(
    [
      ...threw({ group: 'start', at: [0, 2, 10], max: 2 }, 'boom'),
      ...threw({ group: 'start', attempt: 1, at: [20, 22, 100], max: 2 }, 'boom', true),
    ],
    failed,
  ),
  parallel: told(
    [
      ...answered({ group: 'start', at: [0, 2, 10] }, 'StepPlanned p1', 'StepPlanned p2'),
      step('p1', 'Queued', 10, { op: 'StepPlanned', callId: 'start#1' }),
      step('p2', 'Queued', 10, { op: 'StepPlanned', callId: 'start#1' }),
      ...answered({ group: 'plan:p1', step: 'p1', at: [10, 12, 30] }, 'StepRun p1'),
      ran('p1', 'plan:p1#1', [14, 29]),
      ...answered({ group: 'plan:p2', step: 'p2', at: [10, 13, 20] }, 'StepRun p2'),
      ran('p2', 'plan:p2#1', [15, 19]),
      ...finish('next:p1', 30),
    ],
    done,
  ),
  'parallel, under way': told([
    ...answered({ group: 'start', at: [0, 2, 10] }, 'StepPlanned p1', 'StepPlanned p2'),
    step('p1', 'Queued', 10, { op: 'StepPlanned', callId: 'start#1' }),
    step('p2', 'Queued', 10, { op: 'StepPlanned', callId: 'start#1' }),
    ...opened({ group: 'plan:p1', step: 'p1', at: [10, 12] }),
  ]),
  skipped: told([], ['Skipped', 0], { startedAtMs: null, skipReason: 'FunctionPaused' }),
  queued: told([], undefined, { startedAtMs: null, status: 'Scheduled' }),
  'first call under way': told(opened({ group: 'start', at: [0, 2] })),
  'call lost with its server': told(
    [
      ...opened({ group: 'start', at: [0, 2] }),
      ...returned({ group: 'start', generation: 2, at: [0, 50, 100] }),
    ],
    done,
  ),
  checkpointed: told(
    [
      ran('a', 'start#1', [4, 9]),
      ran('b', 'start#1', [10, 19]),
      ran('c', 'start#1', [20, 29]),
      ...returned({ group: 'start', at: [0, 2, 100] }),
    ],
    done,
  ),
  'checkpointed, with its result as an opcode': told(
    [
      ran('a', 'start#1', [4, 9]),
      ran('b', 'start#1', [10, 19]),
      ...answered({ group: 'start', at: [0, 2, 100] }, 'StepRun b', 'RunComplete complete'),
    ],
    done,
  ),
  'checkpointed, then a step that throws': told([
    ran('a', 'start#1', [4, 9]),
    ...answered({ group: 'start', at: [0, 2, 20], max: 2 }, 'StepError b'),
    broke('b', 'start#1', [10, 19]),
  ]),
  'checkpointed within a millisecond': told(
    [ran('a', 'start#1', [2, 2]), ...returned({ group: 'start', at: [0, 2, 3] })],
    ['Completed', 3, '{"ok":true}'],
  ),
  'checkpointed in each of two attempts': told(
    [
      ran('a', 'start#1', [4, 9]),
      ...threw({ group: 'start', at: [0, 2, 20], max: 2 }, 'boom'),
      ran('b', 'start#2', [34, 39]),
      ...returned({ group: 'start', at: [30, 32, 100], attempt: 1, max: 2 }),
    ],
    done,
  ),
  ...cutOffRuns,
  'durable endpoint': told(
    [
      ran('a', '', [4, 9], { callId: undefined, op: undefined }),
      ran('b', '', [10, 19], { callId: undefined, op: undefined }),
    ],
    done,
  ),
  gateway: told(
    [
      ...asked('AIGateway ask'),
      step('ask', 'Running', 10, { kind: 'aiInfer', op: 'AIGateway', callId: 'start#1' }),
      step('ask', 'Errored', 20, {
        kind: 'aiInfer',
        callId: 'gateway:ask#1',
        output: '{"error":{"message":"429"}}',
      }),
      step('ask', 'Completed', 40, {
        kind: 'aiInfer',
        callId: 'gateway:ask#2',
        attempt: 1,
        output: '{"data":{"text":"hi"}}',
      }),
      ...finish('next:ask', 40),
    ],
    done,
  ),
  'older server': told(
    [
      step('a', 'Completed', 9, {
        startedAtMs: beganAtMs + 4,
        durationMs: 5,
        output: '{"data":1}',
      }),
      step('step', 'Errored', 40, { stepId: 'step', kind: 'function', output: failure }),
      step('step', 'Errored', 100, {
        stepId: 'step',
        kind: 'function',
        attempt: 1,
        output: failure,
      }),
    ],
    failed,
  ),
  'too many steps': told(a, ['Failed', 100, '{"error":"x","message":"step limit","name":"E"}']),
  ...annotatedRuns,
  'after a step': told([...a, ...opened(afterA)]),
  ...furtherRuns,
};

/** More runs for the golden trees: other triggers, other requests, and calls that go over a WebSocket. */
import type { TraceFact } from '../../src/history/fact.ts';
import type { RunTrace } from '../../src/trace/run_trace.ts';
import {
  answered,
  beganAtMs,
  broke,
  event,
  eventId,
  iso,
  ran,
  returned,
  step,
  told,
} from './told.ts';

const done = ['Completed', 100, '{"ok":true}'] as const;
const finish = (group: string, dueMs: number) => returned({ group, at: [dueMs, dueMs + 1, 100] });

const secondId = '01KDVDNA05EV0000000000000B';
const tickId = '01KDVDNA00TC0000000000000A';
const cron = '0 * * * *';
const timer = 'inngest/scheduled.timer';
const tickPayload = JSON.stringify({
  data: { cron, fireAt: iso(0), scheduledAt: iso(0) },
  id: iso(0),
  name: timer,
  ts: beganAtMs,
  user: {},
});

const requested = { kind: 'fetch', op: 'Gateway' } as const;

/** As the executor tells of them when a Connect worker answered: there is no HTTP, so no status and no headers. */
export function overConnect(facts: readonly TraceFact[]): TraceFact[] {
  return facts.map((fact) => {
    if (fact.t !== 'call.ended') return fact;
    const { statusCode: _status, headers: _headers, ...rest } = fact;
    return { ...rest, url: 'wss://connect' };
  });
}

export const furtherRuns: Readonly<Record<string, RunTrace>> = {
  batch: {
    ...told(returned({ group: 'start', at: [10, 12, 100] }), done, {
      eventIds: [eventId, secondId],
      batchId: '01KDVDNA06BA0000000000000A',
    }),
    events: [event(), event({ internalId: secondId })],
  },
  cron: {
    ...told(returned({ group: 'start', at: [0, 2, 100] }), done, {
      cron,
      eventIds: [tickId],
      eventName: timer,
    }),
    events: [event({ internalId: tickId, name: timer, payload: tickPayload })],
  },
  'request for step.fetch': told(
    [
      ...answered({ group: 'start', at: [0, 2, 10] }, 'Gateway get'),
      step('get', 'Running', 10, { ...requested, callId: 'start#1' }),
      step('get', 'Completed', 30, {
        ...requested,
        ...{ callId: 'gateway:get#1', startedAtMs: beganAtMs + 12, durationMs: 18 },
        output: '{"data":{"body":"hi","status_code":200}}',
      }),
      ...finish('next:get', 30),
    ],
    done,
  ),
  'request for step.fetch that fails for good': told(
    [
      ...answered({ group: 'start', at: [0, 2, 10] }, 'Gateway get'),
      step('get', 'Running', 10, { ...requested, callId: 'start#1' }),
      step('get', 'Errored', 20, {
        ...{ ...requested, callId: 'gateway:get#1', output: '{"error":{"message":"503"}}' },
        ...{ attemptsMax: 2, startedAtMs: beganAtMs + 12, durationMs: 8 },
      }),
      step('get', 'Failed', 40, {
        ...{ ...requested, callId: 'gateway:get#2', output: '{"error":{"message":"503"}}' },
        ...{ attempt: 1, attemptsMax: 2, startedAtMs: beganAtMs + 32, durationMs: 8 },
      }),
      ...finish('next:get', 40),
    ],
    done,
  ),
  'of a Connect worker (facts only: no HTTP status, no headers)': told(
    overConnect([
      ...answered({ group: 'start', at: [0, 2, 10], max: 2 }, 'StepError a'),
      broke('a', 'start#1', [3, 9]),
      ...answered({ group: 'start', attempt: 1, at: [20, 22, 30], max: 2 }, 'StepRun a'),
      ran('a', 'start#2', [23, 29], { attempt: 1 }),
      ...answered({ group: 'next:a', at: [30, 31, 40] }, 'Sleep nap'),
      step('nap', 'Sleeping', 40, {
        ...{ kind: 'sleep', op: 'Sleep', callId: 'next:a#1' },
        detail: { until: iso(80) },
      }),
      step('nap', 'Completed', 80, { kind: 'sleep', output: 'null' }),
      ...finish('sleep:nap', 80),
    ]),
    done,
  ),
};

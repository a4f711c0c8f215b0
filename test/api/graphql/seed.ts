/** A real history behind the doors, with one run of every kind. */
import { internalDataKey, internalEvents } from '../../../src/event/internal.ts';
import {
  type CallEndedFact,
  type EventFact,
  type Fact,
  factText,
  type RunEndedFact,
  type RunScheduledFact,
  type StepFact,
} from '../../../src/history/fact.ts';
import type { History } from '../../../src/history/history.ts';
import { openHistory } from '../../../src/history/open_history.ts';
import { ulidFromBytes } from '../../../src/lib/ulid.ts';
import { charge } from '../door.ts';

/** The fake clock stands at this time plus an hour. */
export const startMs = 1_767_225_600_000 - 3_600_000;

/** The n-th id of a moment. */
export function idAt(atMs: number, n = 0): string {
  return ulidFromBytes(atMs, new Uint8Array(10).fill(n));
}

/** Ids by what they are about. */
export const ids = {
  event: idAt(startMs, 1),
  done: idAt(startMs + 10, 2),
  failed: idAt(startMs + 20, 3),
  failedEvent: idAt(startMs + 15, 3),
  running: idAt(startMs + 30, 4),
  batch: idAt(startMs + 40, 5),
  batchId: idAt(startMs + 35, 5),
  batchEvents: [idAt(startMs + 36, 6), idAt(startMs + 37, 7)],
  cron: idAt(startMs + 50, 8),
  cronEvent: idAt(startMs + 49, 8),
  skipped: idAt(startMs + 60, 9),
  orphan: idAt(startMs + 70, 10),
  parent: idAt(startMs + 80, 11),
  child: idAt(startMs + 95, 12),
  deferEvent: idAt(startMs + 90, 12),
  lateEvent: idAt(startMs + 200, 13),
  unknown: idAt(startMs + 999, 14),
} as const;

export const goneFunctionId = '5d0f2a7e-0000-5000-8000-0000000000f1';
export const goneAppId = '5d0f2a7e-0000-5000-8000-0000000000f2';

export function eventFact(internalId: string, fields: Partial<EventFact> & EventFields): EventFact {
  const { name, data = {}, id, receivedAtMs = startMs, user } = fields;
  const payload = { data, id: id ?? internalId, name, ts: receivedAtMs, ...(user && { user }) };
  return { t: 'event', internalId, receivedAtMs, payload: JSON.stringify(payload) };
}

interface EventFields {
  readonly name: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly id?: string;
  readonly user?: Readonly<Record<string, unknown>>;
}

export function scheduled(runId: string, fields: Partial<RunScheduledFact> = {}): RunScheduledFact {
  return {
    t: 'run.scheduled',
    runId,
    functionId: charge.id,
    functionVersion: 3,
    functionSlug: charge.slug,
    functionName: charge.name,
    appId: charge.appId,
    appName: 'shop',
    eventIds: [ids.event],
    eventName: 'order/placed',
    atMs: startMs + 10,
    ...fields,
  };
}

export function ended(runId: string, fields: Partial<RunEndedFact> = {}): RunEndedFact {
  return { t: 'run.ended', runId, atMs: startMs + 5_000, status: 'Completed', ...fields };
}

function step(runId: string, stepId: string, fields: Partial<StepFact>): StepFact {
  const common = { name: stepId, kind: 'run', status: 'Completed', attempt: 0 } as const;
  return { t: 'step', runId, stepId, ...common, atMs: startMs + 100, ...fields };
}

function call(runId: string, group: string, fields: Partial<CallEndedFact>): CallEndedFact {
  const atMs = fields.atMs ?? startMs + 100;
  return {
    t: 'call.ended',
    runId,
    callId: `${group}#${fields.attempt ?? 0}`,
    group,
    attempt: 0,
    attemptsMax: 5,
    functionSlug: charge.slug,
    dueAtMs: atMs - 20,
    startedAtMs: atMs - 10,
    atMs,
    outcome: 'steps',
    requestId: 'request-1',
    url: 'http://localhost:3000/api/inngest',
    statusCode: 206,
    headers: { 'content-type': 'application/json' },
    ...fields,
  };
}

function doneRun(): Fact[] {
  const { done } = ids;
  const timeout = new Date(startMs + 60_000).toISOString();
  const error = '{"error":{"message":"no stock","name":"Error","stack":"Error: no stock"}}';
  return [
    scheduled(done),
    { t: 'run.started', runId: done, atMs: startMs + 80 },
    call(done, 'start', { ops: [{ op: 'StepError', id: 'step-a', name: 'a' }] }),
    step(done, 'step-a', { name: 'a', status: 'Errored', op: 'StepError', output: error }),
    call(done, 'start', {
      attempt: 1,
      atMs: startMs + 300,
      ops: [{ op: 'StepRun', id: 'step-a', name: 'a' }],
    }),
    step(done, 'step-a', {
      ...{ name: 'a', attempt: 1, op: 'StepRun', atMs: startMs + 300 },
      ...{ input: '[1]', output: '{"data":{"n":1}}' },
    }),
    step(done, 'step-w', {
      ...{ name: 'wait', kind: 'waitForEvent', status: 'Waiting', atMs: startMs + 400 },
      detail: { event: 'order/paid', expression: 'async.data.id == "1"', timeout },
    }),
    step(done, 'step-w', {
      ...{ name: 'wait', kind: 'waitForEvent', status: 'Completed', atMs: startMs + 500 },
      ...{ output: '{"name":"order/paid","data":{}}', detail: { event_id: ids.lateEvent } },
    }),
    step(done, 'step-s', {
      ...{ name: 'nap', kind: 'sleep', status: 'Sleeping', atMs: startMs + 600 },
      detail: { until: new Date(startMs + 1_600).toISOString() },
    }),
    step(done, 'step-s', { name: 'nap', kind: 'sleep', atMs: startMs + 1_600, output: 'null' }),
    step(done, 'step-i', {
      ...{ name: 'other', kind: 'invoke', status: 'Invoking', atMs: startMs + 1_700 },
      detail: { function_id: 'shop-other', timeout, event_id: ids.lateEvent },
    }),
    step(done, 'step-i', {
      ...{ name: 'other', kind: 'invoke', atMs: startMs + 1_800, output: '{"data":2}' },
      detail: { event_id: ids.lateEvent, run_id: ids.failed },
    }),
    {
      ...{ t: 'userland', runId: done, spanId: 'a'.repeat(16), traceId: 'b'.repeat(32) },
      ...{ name: 'GET /stock', kind: 'CLIENT', status: 'Ok', atMs: startMs + 290, durationMs: 5 },
      ...{ attributes: '{"http.method":"GET"}', resourceAttributes: '{}', serviceName: 'shop' },
      ...{ stepId: 'step-a', attempt: 1 },
    },
    {
      ...{ t: 'metadata', id: idAt(startMs + 310), runId: done, atMs: startMs + 310 },
      ...{ scope: 'step', stepId: 'step-a', kind: 'inngest.ai', op: 'merge' },
      values: '{"total_tokens":7}',
    },
    call(done, 'next', { atMs: startMs + 4_990, outcome: 'result', statusCode: 200 }),
    ended(done, { output: '{"num":12}' }),
  ];
}

function otherRuns(): Fact[] {
  const failure = '{"message":"fail","name":"Error","stack":"Error: fail"}';
  const [first = '', second = ''] = ids.batchEvents;
  const cron = '*/5 * * * *';
  return [
    scheduled(ids.failed, { eventIds: [ids.failedEvent], atMs: startMs + 20 }),
    { t: 'run.started', runId: ids.failed, atMs: startMs + 25 },
    call(ids.failed, 'start', {
      ...{ outcome: 'error', isFinal: true, attemptsMax: 1, statusCode: 500, output: failure },
    }),
    ended(ids.failed, { status: 'Failed', output: failure, atMs: startMs + 2_000 }),
    scheduled(ids.running, { atMs: startMs + 30 }),
    { t: 'run.started', runId: ids.running, atMs: startMs + 31 },
    step(ids.running, 'step-w', {
      ...{ name: 'wait', kind: 'waitForEvent', status: 'Waiting' },
      detail: { event: 'order/paid', timeout: new Date(startMs + 9_000_000).toISOString() },
    }),
    scheduled(ids.batch, {
      ...{ eventIds: [first, second], batchId: ids.batchId, atMs: startMs + 40 },
    }),
    ended(ids.batch, { output: 'null' }),
    scheduled(ids.cron, {
      ...{ eventIds: [ids.cronEvent], eventName: internalEvents.scheduledTimer, cron },
      atMs: startMs + 50,
    }),
    ended(ids.cron, { output: '[1]' }),
    scheduled(ids.skipped, { atMs: startMs + 60 }),
    ended(ids.skipped, {
      ...{ status: 'Skipped', skipReason: 'Singleton', skipExistingRunId: ids.running },
      atMs: startMs + 60,
    }),
    scheduled(ids.orphan, {
      ...{ functionId: goneFunctionId, functionSlug: 'old-mail', functionName: 'Mail' },
      ...{ appId: goneAppId, appName: 'old', atMs: startMs + 70 },
    }),
    ended(ids.orphan, { output: '"sent"' }),
    scheduled(ids.parent, { atMs: startMs + 80 }),
    call(ids.parent, 'start', { ops: [{ op: 'DeferAdd', id: 'hash-later', name: 'later' }] }),
    ended(ids.parent, { atMs: startMs + 90, output: 'null' }),
    scheduled(ids.child, { eventIds: [ids.deferEvent], isDeferred: true, atMs: startMs + 95 }),
    ended(ids.child, { output: 'true' }),
  ];
}

function events(): Fact[] {
  const [first = '', second = ''] = ids.batchEvents;
  const origin = {
    ...{ fn_slug: charge.slug, parent_run_id: ids.parent, parent_defer_id: 'hash-later' },
  };
  return [
    eventFact(ids.event, { name: 'order/placed', id: 'order-1', data: { idx: 5 }, user: { u: 1 } }),
    eventFact(ids.failedEvent, { name: 'order/placed', data: { idx: 1 } }),
    eventFact(first, { name: 'order/placed', data: { idx: 2 } }),
    eventFact(second, { name: 'order/placed', data: { idx: 3 } }),
    eventFact(ids.cronEvent, {
      ...{ name: internalEvents.scheduledTimer, data: { cron: '*/5 * * * *' } },
      receivedAtMs: startMs + 49,
    }),
    eventFact(ids.deferEvent, {
      ...{ name: internalEvents.deferredSchedule, data: { [internalDataKey]: origin } },
      receivedAtMs: startMs + 90,
    }),
    eventFact(ids.lateEvent, { name: 'order/paid', receivedAtMs: startMs + 200 }),
  ];
}

/** Whoever opens it closes it. */
export async function seededHistory(more: readonly Fact[] = []): Promise<History> {
  const history = await openHistory({ kind: 'sqlite', path: null });
  await history.record([...events(), ...doneRun(), ...otherRuns(), ...more].map(factText));
  return history;
}

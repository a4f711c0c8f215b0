import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import type { Driver } from '../../src/driver/driver.ts';
import { performGateway } from '../../src/driver/gateway.ts';
import type { CallRequest } from '../../src/driver/request.ts';
import type { CallOutcome } from '../../src/driver/response.ts';
import { Executor } from '../../src/executor/executor.ts';
import { RunLimits } from '../../src/executor/limits.ts';
import { RunOutputs } from '../../src/executor/run_outputs.ts';
import { RunControl } from '../../src/executor/runs.ts';
import { SyncRuns } from '../../src/executor/sync_runs.ts';
import { Terminator } from '../../src/executor/terminator.ts';
import type { FunctionDefinition } from '../../src/function/definition.ts';
import type { RunRecord } from '../../src/history/history.ts';
import { readOutbox } from '../../src/history/outbox.ts';
import { createLogger } from '../../src/lib/logger.ts';
import { ulid } from '../../src/lib/ulid.ts';
import { take } from '../../src/queue/queue.ts';
import { type EmbeddedStore, openEmbeddedStore } from '../../src/store/embedded/engine.ts';
import { eventually } from '../eventually.ts';
import { FakeClock } from '../fake_clock.ts';

const hashed = (id: string): string => createHash('sha1').update(id).digest('hex');
const stepRun = (id: string, data: unknown) => ({ op: 'StepRun', id: hashed(id), name: id, data });
const sleep = (id: string) => ({ op: 'Sleep', id: hashed(id), name: '10s' });
const planned = (id: string) => ({ op: 'StepPlanned', id: hashed(id), displayName: id });
const runComplete = (status: number) => ({
  op: 'RunComplete',
  id: hashed('complete'),
  data: { status, headers: { 'x-mine': 'yes' }, body: 'b', version: 2 },
});
const stepError = (id: string, error: Record<string, unknown> = {}) => ({
  op: 'StepError',
  id: hashed(id),
  name: id,
  error: { name: 'Error', message: 'boom', ...error },
});

const httpEvent = {
  name: 'inngest/http.request',
  data: {
    domain: 'https://app.example',
    method: 'post',
    path: '/api/buy',
    query_params: 'a=1',
    content_type: 'application/json',
    ip: '',
    body: '{"n":1}',
    fn: '',
  },
};

let clock: FakeClock;
let store: EmbeddedStore;
let limits: RunLimits;
let outputs: RunOutputs;
let syncRuns: SyncRuns;
let control: RunControl;
let records: Map<string, RunRecord>;
let answers: CallOutcome[];
let calls: { readonly request: CallRequest; readonly fn: FunctionDefinition }[];
let executor: Executor;
const newId = (): string => ulid(clock.now());

beforeEach(async () => {
  clock = new FakeClock();
  store = await openEmbeddedStore({ dataDir: null, clock });
  limits = new RunLimits();
  records = new Map();
  answers = [];
  calls = [];
  const history = { run: async (runId: string) => records.get(runId) ?? null };
  outputs = new RunOutputs({ clock, history, recorded: async () => {} });
  const functions = { functionById: () => null };
  const onEnd = outputs.ended.bind(outputs);
  const terminator = new Terminator({ store, clock, functions, newId, onEnd });
  const parts = { store, clock, limits, terminator, newId, retryIntervalMs: null };
  syncRuns = new SyncRuns(parts);
  control = new RunControl(store, terminator, async () => true);
  const driverOf = (fn: FunctionDefinition): Driver => ({
    async call(request) {
      calls.push({ request, fn });
      const answer = answers.shift();
      if (answer === undefined) throw new Error('no answer is left');
      return answer;
    },
  });
  executor = new Executor({
    ...parts,
    functions,
    driverOf,
    gateway: performGateway,
    random: () => 0,
    log: createLogger({ level: 'error', format: 'json', write: () => {} }),
    stopping: new AbortController().signal,
  });
});

afterEach(() => store.close());

async function create(
  steps: readonly unknown[] = [],
  changes: Partial<Parameters<SyncRuns['create']>[0]> = {},
) {
  const runId = newId();
  const request = { runId, event: httpEvent, steps, requestVersion: 2, retries: 3, ...changes };
  return { runId, request, outcome: await syncRuns.create(request) };
}

async function facts(kind: string): Promise<Record<string, unknown>[]> {
  const page = await readOutbox(store, 1_000);
  return page.facts
    .map((fact) => JSON.parse(fact) as Record<string, unknown>)
    .filter(({ t }) => t === kind);
}

async function memos(runId: string): Promise<unknown> {
  const text = await control.actions(runId);
  return text === null ? null : JSON.parse(text);
}

/** Ids of a run's items without the run's own, and when they are due from now. */
async function items(runId: string): Promise<Record<string, number>> {
  const jobs = await control.jobs(runId);
  return Object.fromEntries(
    jobs.map((job) => [job.jobId.slice(runId.length + 1), job.atMs - clock.now()]),
  );
}

/** Lets the executor work on all that is due of the function. */
async function work(functionId: string): Promise<void> {
  const nowMs = clock.now();
  const { items: due } = await take(store, {
    ...{ nowMs, partition: functionId, process: 'p', leaseToken: newId(), itemsMax: 10 },
    ...{ partitionUntilMs: nowMs + 1, itemUntilMs: nowMs + 60_000 },
    ...{ functionLimit: 0, accountLimit: 0 },
  });
  for (const item of due) await executor.handle(item);
}

/** By Python's uuid module: environment and domain, app and slug. */
const identity = {
  appId: '5c35a8e3-5042-5076-a75f-6140505c3c88',
  functionId: '11ffeb3f-e88b-5023-9b6b-653a6545789c',
};

describe('a durable endpoint creates a run', () => {
  test('that counts as started, with its event, and without work in the queue', async () => {
    const { runId, outcome } = await create();
    if (outcome.kind !== 'created') throw new Error(outcome.message);
    expect(await items(runId)).toEqual({});
    const [event] = await facts('event');
    const payload = JSON.parse(String(event?.payload)) as Record<string, unknown>;
    expect(payload).toMatchObject({ ...httpEvent, id: event?.internalId, user: {} });
    expect(await facts('run.scheduled')).toMatchObject([
      {
        runId,
        functionId: outcome.functionId,
        appId: outcome.appId,
        functionSlug: 'POST /api/buy',
        eventIds: [event?.internalId],
      },
    ]);
    expect(await facts('run.started')).toMatchObject([{ runId, atMs: clock.now() }]);
    expect(JSON.parse((await control.batch(runId)) ?? '')).toEqual([payload]);
  });

  test('of an app and a function that are the same each time', async () => {
    const named = { ...httpEvent, data: { ...httpEvent.data, fn: 'buy' } };
    expect((await create()).outcome).toMatchObject(identity);
    expect((await create()).outcome).toMatchObject(identity);
    const other = (await create([], { event: named })).outcome;
    expect(other).toMatchObject({ kind: 'created', appId: identity.appId });
    expect(other).not.toMatchObject(identity);
  });

  test('once: not again after it has ended', async () => {
    const { request } = await create([runComplete(200)]);
    expect(await syncRuns.create(request)).toMatchObject({
      kind: 'rejected',
      status: 409,
      message: 'Run already exists',
    });
  });

  test('and completes what is missing when the SDK asks a second time, because the server died in between', async () => {
    const run = store.run.bind(store);
    store.run = async (script, args) => {
      if (script !== 'run_create') throw new Error('the server is dead');
      return run(script, args);
    };
    const runId = newId();
    const steps = [stepRun('a', 1), sleep('nap')];
    await expect(create(steps, { runId })).rejects.toThrow('dead');
    store.run = run;
    for (let asked = 0; asked < 2; asked += 1) {
      expect((await create(steps, { runId })).outcome).toMatchObject({ kind: 'created', runId });
      expect(await memos(runId)).toEqual({ [hashed('a')]: { data: 1 } });
      expect(Object.values(await items(runId))).toEqual([10_000]);
    }
    expect(await facts('run.scheduled')).toHaveLength(1);
  });

  test('but not over one of another endpoint', async () => {
    const { runId } = await create();
    const other = { ...httpEvent, data: { ...httpEvent.data, path: '/api/sell' } };
    expect((await create([], { runId, event: other })).outcome).toMatchObject({ status: 409 });
    expect(await memos(runId)).toEqual({});
  });

  test('once per idempotency key', async () => {
    expect((await create([], { idempotency: 'k' })).outcome.kind).toBe('created');
    expect((await create([], { idempotency: 'k' })).outcome).toMatchObject({ status: 409 });
    expect((await create([], { idempotency: 'l' })).outcome.kind).toBe('created');
  });

  test('with the steps it has run', async () => {
    const { runId } = await create([stepRun('a', 1)]);
    expect(await memos(runId)).toEqual({ [hashed('a')]: { data: 1 } });
    expect(await items(runId)).toEqual({});
  });

  test.each([
    ['steps', { steps: [{ op: 'Nonsense', id: 'a' }] }],
    ['an event without a domain', { event: { name: 'x', data: {} } }],
    [
      'a domain that is no URL',
      { event: { ...httpEvent, data: { ...httpEvent.data, domain: 'app' } } },
    ],
    [
      'a method that cannot be sent',
      { event: { ...httpEvent, data: { ...httpEvent.data, method: 'TRACE' } } },
    ],
  ])('only when it can read %s', async (_what, changes) => {
    const { runId, outcome } = await create([], changes);
    expect(outcome).toMatchObject({ kind: 'rejected', status: 400 });
    expect(await memos(runId)).toBeNull();
    expect(await facts('event')).toEqual([]);
  });
});

describe('a report of a durable endpoint', () => {
  test('of finished steps is kept and queues nothing', async () => {
    const { runId } = await create();
    expect(await syncRuns.save(runId, [stepRun('a', 1)])).toEqual({ kind: 'saved' });
    expect(await syncRuns.save(runId, [{ op: 'Step', id: hashed('b'), data: 2 }])).toEqual({
      kind: 'saved',
    });
    expect(await syncRuns.save(runId, [stepRun('a', 'again')])).toEqual({ kind: 'saved' });
    expect(await memos(runId)).toEqual({ [hashed('a')]: { data: 1 }, [hashed('b')]: 2 });
    expect(await items(runId)).toEqual({});
  });

  test('of a step that failed for now brings the run back after five seconds', async () => {
    const { runId } = await create();
    await syncRuns.save(runId, [stepError('a')]);
    expect(await items(runId)).toEqual({ [`sync-retry:${hashed('a')}`]: 5_000 });
    expect(await memos(runId)).toEqual({});
    expect(await facts('step')).toMatchObject([{ status: 'Errored', attempt: 0, name: 'a' }]);
  });

  test.each([
    ['without retries', { retries: 0 }, stepError('a')],
    ['that must not be retried', {}, stepError('a', { noRetry: true })],
    ['for good', {}, { ...stepError('a'), op: 'StepFailed' }],
  ])('of a step that failed %s keeps the error and looks for what follows', async (...given) => {
    const [, changes, op] = given;
    const { runId } = await create([], changes);
    await syncRuns.save(runId, [op]);
    expect(await memos(runId)).toMatchObject({ [hashed('a')]: { error: { message: 'boom' } } });
    expect(await items(runId)).toEqual({ [`next:${hashed('a')}`]: 0 });
  });

  test('of a wait moves the run to the queue, beside the steps that came with it', async () => {
    const { runId } = await create();
    await syncRuns.save(runId, [stepRun('a', 1), sleep('nap')]);
    expect(await memos(runId)).toEqual({ [hashed('a')]: { data: 1 } });
    expect(await items(runId)).toEqual({ [`sleep:${hashed('nap')}`]: 10_000 });
    await syncRuns.save(runId, [stepRun('a', 1), sleep('nap')]);
    expect(Object.keys(await items(runId))).toHaveLength(1);
  });

  test('that the app wants to go on later queues a discovery', async () => {
    const { runId } = await create();
    const id = hashed('discovery-request-1');
    await syncRuns.save(runId, [{ op: 'DiscoveryRequest', id }]);
    expect(await items(runId)).toEqual({ [`request:${id}`]: 0 });
  });

  test.each([
    [200, 'Completed'],
    [499, 'Completed'],
    [500, 'Failed'],
  ])('of an answer with status %d ends the run as %s', async (status, expected) => {
    const { runId } = await create();
    await syncRuns.save(runId, [stepRun('a', 1), runComplete(status)]);
    expect(await memos(runId)).toBeNull();
    const [ended] = await facts('run.ended');
    expect(ended).toMatchObject({ runId, status: expected });
    expect(JSON.parse(String(ended?.output))).toEqual({ data: runComplete(status).data });
    expect(await facts('step')).toMatchObject([{ stepId: hashed('a'), status: 'Completed' }]);
  });

  test('by SyncRunComplete ends the run with the result it wraps', async () => {
    const { runId } = await create();
    const data = { data: runComplete(503).data };
    await syncRuns.save(runId, [{ ...runComplete(503), op: 'SyncRunComplete', data }]);
    const [ended] = await facts('run.ended');
    expect(ended).toMatchObject({ status: 'Failed' });
    expect(JSON.parse(String(ended?.output))).toEqual(data);
  });

  test('of defers starts them with the end of the run', async () => {
    const { runId } = await create();
    const opts = { fn_slug: 'app-later', input: { n: 1 } };
    await syncRuns.save(runId, [stepRun('a', 1), { op: 'DeferAdd', id: hashed('d'), opts }]);
    expect(await items(runId)).toEqual({});
    await syncRuns.save(runId, [runComplete(200)]);
    expect(await facts('defer')).toMatchObject([
      { runId, deferId: hashed('d'), functionSlug: 'app-later', status: 'Scheduled' },
    ]);
    const payloads = (await facts('event')).map(
      ({ payload }) => JSON.parse(String(payload)) as { name: string },
    );
    expect(payloads.map(({ name }) => name)).toContain('inngest/deferred.schedule');
  });

  test('that does not fit into the state fails the run', async () => {
    const { runId, outcome } = await create();
    if (outcome.kind !== 'created') throw new Error(outcome.message);
    limits.setStateSizeLimit(outcome.functionId, 100);
    await syncRuns.save(runId, [stepRun('a', 'x'.repeat(200))]);
    const [ended] = await facts('run.ended');
    expect(ended).toMatchObject({ status: 'Failed' });
    expect(String(ended?.output)).toContain('InngestErrStateOverflowed');
  });

  test('that asks for the impossible fails the run', async () => {
    const { runId } = await create();
    await syncRuns.save(runId, [{ op: 'Sleep', id: hashed('s'), name: '500d' }]);
    expect(await facts('run.ended')).toMatchObject([{ runId, status: 'Failed' }]);
  });

  test('on a run that is over or never was changes nothing and is no error', async () => {
    const { runId } = await create([runComplete(200)]);
    for (const id of [runId, newId()]) {
      expect(await syncRuns.save(id, [stepRun('a', 1)])).toEqual({ kind: 'saved' });
      expect(await memos(id)).toBeNull();
    }
  });

  test('that cannot be read is refused', async () => {
    const { runId } = await create();
    expect(await syncRuns.save(runId, [{ op: 'Nonsense' }])).toMatchObject({ status: 400 });
  });
});

describe('a run of a durable endpoint whose app falls silent', () => {
  const hourMs = 60 * 60 * 1_000;
  const pass = async (hours: number): Promise<void> => {
    for (let hour = 0; hour < hours; hour += 1) {
      clock.advance(hourMs);
      await work('timers');
    }
  };
  const deadlines = (): string[] => store.keys().filter((key) => /\.deadline:/.test(key));

  test('fails after 24 hours, says why and leaves no timer', async () => {
    const { runId } = await create();
    await pass(23);
    expect(await facts('run.ended')).toEqual([]);
    expect(deadlines()).toHaveLength(1);
    await pass(1);
    const [ended] = await facts('run.ended');
    expect(ended).toMatchObject({ runId, status: 'Failed' });
    expect(String(ended?.output)).toContain('EndpointSilent');
    expect(String(ended?.output)).toContain('reported nothing for 24 hours');
    expect(deadlines()).toEqual([]);
  });

  test('lives on as long as it reports', async () => {
    const { runId } = await create();
    for (const id of ['a', 'b', 'c']) {
      await pass(20);
      await syncRuns.save(runId, [stepRun(id, 1)]);
    }
    await pass(24);
    expect(await facts('run.ended')).toEqual([]);
    await pass(1);
    expect(await facts('run.ended')).toMatchObject([{ runId, status: 'Failed' }]);
  });

  test('lives on while it sleeps', async () => {
    const { runId } = await create([{ ...sleep('nap'), name: '30d' }]);
    await pass(29 * 24);
    expect(await facts('run.ended')).toEqual([]);
    expect(Object.keys(await items(runId))).toHaveLength(1);
    expect(deadlines()).toHaveLength(1);
  });

  test('leaves no timer when it ends in time', async () => {
    await create([runComplete(200)]);
    expect(deadlines()).toEqual([]);
  });
});

describe('a run of a durable endpoint that comes back', () => {
  const opcodes = (...ops: readonly Record<string, unknown>[]): CallOutcome => ({
    kind: 'opcodes',
    ops: ops.map((op) => ({
      displayName: String(op.name ?? op.id),
      opts: {},
      parallelMode: 'wait',
      ...(op.data !== undefined && { dataText: JSON.stringify(op.data) }),
      ...op,
      // The names above are those of the protocol.
    })) as Extract<CallOutcome, { kind: 'opcodes' }>['ops'],
    requestVersion: 2,
    noRetry: false,
    sdk: 'inngest-js:v4.24.0',
    headers: {},
  });

  async function createdWith(steps: readonly unknown[]) {
    const { runId, outcome } = await create(steps);
    if (outcome.kind !== 'created') throw new Error(outcome.message);
    return { runId, functionId: outcome.functionId };
  }

  test('is called by the driver of endpoints, though nobody registered it', async () => {
    const { runId, functionId } = await createdWith([stepRun('a', 1), sleep('nap')]);
    answers.push(opcodes(runComplete(201)));
    clock.advance(10_000);
    await work(functionId);
    expect(calls).toHaveLength(1);
    expect(calls[0]?.fn).toMatchObject({
      driver: 'sync',
      id: functionId,
      appName: 'https://app.example',
      slug: 'POST /api/buy',
      url: 'https://app.example/api/buy',
    });
    expect(calls[0]?.request).toMatchObject({ runId, stepId: 'step', requestVersion: 2 });
    const [ended] = await facts('run.ended');
    expect(ended).toMatchObject({ runId, status: 'Completed' });
    expect(JSON.parse(String(ended?.output))).toEqual({ data: runComplete(201).data });
  });

  test('fails when it answers with a status that means failure', async () => {
    const { functionId } = await createdWith([sleep('nap')]);
    answers.push(opcodes(runComplete(500)));
    clock.advance(10_000);
    await work(functionId);
    expect(await facts('run.ended')).toMatchObject([{ status: 'Failed' }]);
  });

  test('runs parallel steps by calls of their own, with a forced plan', async () => {
    const { functionId } = await createdWith([planned('l'), planned('r')]);
    answers.push(opcodes(stepRun('l', 1)), opcodes(stepRun('r', 2)), opcodes(runComplete(200)));
    await work(functionId);
    await work(functionId);
    const [first, second, last] = calls.map(({ request }) => request);
    expect([first?.stepId, second?.stepId].toSorted()).toEqual(
      [hashed('l'), hashed('r')].toSorted(),
    );
    expect(first?.disableImmediateExecution).toBe(true);
    expect(last).toMatchObject({ stepId: 'step', disableImmediateExecution: false });
    expect(calls).toHaveLength(3);
    expect(await facts('run.ended')).toMatchObject([{ status: 'Completed' }]);
  });

  test('has used one attempt already when its step failed in the app', async () => {
    const { runId, functionId } = await createdWith([stepError('a')]);
    answers.push(opcodes(stepError('a')));
    clock.advance(5_000);
    await work(functionId);
    expect(calls[0]?.request).toMatchObject({ attempt: 1, maxAttempts: 4 });
    // The delay after the second failed attempt.
    expect(await items(runId)).toEqual({ [`sync-retry:${hashed('a')}`]: 30_000 });
    answers.push(opcodes(stepError('a')), opcodes(stepError('a')), opcodes(runComplete(200)));
    for (let attempt = 2; attempt <= 4; attempt++) {
      clock.advance(3_600_000);
      await work(functionId);
    }
    expect(calls.map(({ request }) => request.attempt)).toEqual([1, 2, 3, 0]);
    expect(calls[3]?.request.steps).toMatchObject([
      [hashed('a'), expect.stringContaining('"error"')],
    ]);
  });
});

describe('the output of a run', () => {
  const never = new AbortController().signal;

  test('is told when the run ends', async () => {
    const { runId } = await create([stepRun('a', 1)]);
    const timers = clock.pending;
    const output = outputs.output(runId, never);
    await syncRuns.save(runId, [runComplete(200)]);
    expect(JSON.parse((await output) ?? '')).toEqual({ data: runComplete(200).data });
    expect(clock.pending).toBe(timers);
  });

  test('says so when the run was cancelled', async () => {
    const { runId } = await create([sleep('nap')]);
    const output = outputs.output(runId, never);
    await control.cancel(runId);
    expect(JSON.parse((await output) ?? '')).toMatchObject({ status: 'cancelled' });
  });

  const record = (runId: string, output: string | null): RunRecord => ({
    ...{ runId, functionId: '', functionVersion: 1, functionSlug: '', appId: '', eventIds: [] },
    ...{ eventName: '', status: 'Completed', scheduledAtMs: 0, startedAtMs: 0, endedAtMs: 1 },
    ...{ output, cron: null, batchId: null, originalRunId: null, replayId: null },
    ...{ functionName: '', appName: '', isDeferred: false, hasAi: false, links: [] },
    ...{ skipReason: null, skipExistingRunId: null },
  });

  test('is found in history when the run ended before', async () => {
    records.set('R', record('R', '"before"'));
    expect(await outputs.output('R', never)).toBe('"before"');
  });

  test('is looked for in history every two seconds, should another process end the run', async () => {
    const output = outputs.output('R', never);
    await eventually(() => clock.pending === 1, { intervalMs: 1 });
    records.set('R', record('R', '"elsewhere"'));
    clock.advance(1_999);
    expect(clock.pending).toBe(1);
    clock.advance(1);
    expect(await output).toBe('"elsewhere"');
  });

  test('is null for a caller that does not wait for it', async () => {
    const hangUp = new AbortController();
    const output = outputs.output('R', hangUp.signal);
    await eventually(() => clock.pending === 1, { intervalMs: 1 });
    hangUp.abort();
    expect(await output).toBeNull();
    expect(clock.pending).toBe(0);
    expect(await outputs.output('R', AbortSignal.abort())).toBeNull();
  });
});

/**
 * Random calls of the scripts of `lua/`, in a world so small that they meet: two runs, a few steps, items, partitions and
 * concurrency keys. Arguments are built by the code that builds them in the server.
 */
import fc from 'fast-check';
import { advanceBulk, loadBulks, startBulk, stopBulk } from '../../../src/executor/bulk_store.ts';
import {
  type AppDefinition,
  accountId,
  type FunctionDefinition,
} from '../../../src/function/definition.ts';
import { readOutbox, trimOutbox } from '../../../src/history/outbox.ts';
import {
  type NewPause,
  type PauseKind,
  resolutionArgs,
  resolvePauses,
  scanPauses,
  timeOutPause,
} from '../../../src/pause/pause.ts';
import { queueDepth } from '../../../src/queue/depth.ts';
import {
  type ItemKind,
  itemListArgs,
  type LeasedItem,
  type NewItem,
} from '../../../src/queue/item.ts';
import * as queue from '../../../src/queue/queue.ts';
import { loadApps, putApp, removeApp } from '../../../src/state/app_store.ts';
import { createRun, type NewRun, runArgs } from '../../../src/state/run_creation.ts';
import { endRun } from '../../../src/state/run_end.ts';
import { enterRun, loadRun } from '../../../src/state/run_state.ts';
import { commitCheckpoint, commitSteps, type NewWait } from '../../../src/state/step_commit.ts';
import type { ScriptName, Store } from '../../../src/store/store.ts';
import { sampleItem } from '../../queue/sample_item.ts';
import {
  output,
  sampleEnter,
  samplePause,
  samplePlan,
  sampleRun,
  sampleWait,
} from '../../state/sample_run.ts';

export interface ScriptCall {
  readonly script: ScriptName;
  readonly args: readonly (string | number)[];
}

const { constantFrom } = fc;
const some = <T>(one: fc.Arbitrary<T>, maxLength = 2): fc.Arbitrary<T[]> =>
  fc.array(one, { maxLength });
const often = (value: string, ...others: string[]): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 8, arbitrary: fc.constant(value) },
    { weight: 2, arbitrary: constantFrom(...others) },
  );

const now = fc.integer({ min: 0, max: 12 }).map((step) => 1_000 + step * 500);
const runId = constantFrom('run-1', 'run-1', 'run-2');
const stepId = constantFrom('s1', 's2', 's3', 'é😀');
const partition = constantFrom('fn-1', 'fn-1', 'fn-2', 'events', 'timers');
const itemId = fc.oneof(
  { weight: 3, arbitrary: constantFrom('i1', 'run-1.start') },
  {
    weight: 1,
    arbitrary: constantFrom('i2', 'i3', 'run-1.next:s1', 'run-1.s1.timeout', 'run-2.start'),
  },
);
const token = fc.oneof(
  { weight: 9, arbitrary: fc.constant('t1') },
  { weight: 1, arbitrary: constantFrom('t2', '') },
);
const fact = constantFrom('', '"fact"', '{"t":"é"}');
const facts = some(constantFrom('"f1"', '"f2"', `"${'x'.repeat(60)}"`));
const mode = constantFrom('wait', 'race', '');
const process = often('p1', 'p2');
const json = constantFrom('null', '{}', '{"data":"ü"}', `"${'y'.repeat(40)}"`);
const bulkId = constantFrom('op-1', 'op-2', 'op-3');
const eventName = constantFrom('test/wanted', 'test/other');
const limit = constantFrom(0, 1, 1, 2, 100);
const concurrencyKeys = some(
  fc.record({ key: constantFrom('f:1:a', 'e:2:b'), limit: constantFrom(1, 2, 0) }),
);
const kind: fc.Arbitrary<ItemKind> = constantFrom(
  'start',
  'edge',
  'sleep',
  'timeout',
  'deadline',
  'events',
);

const item: fc.Arbitrary<NewItem> = fc
  .record({
    ...{ id: itemId, partition, kind, atMs: now, scoreMs: now, concurrencyKeys },
    runId: fc.oneof(runId, fc.constant('')),
    attemptsMax: constantFrom(1, 2, 5),
    data: json,
  })
  .map(sampleItem);

const leased: fc.Arbitrary<LeasedItem> = fc.tuple(item, token).map(([of, leaseToken]) => ({
  ...of,
  ...{ leaseToken, attempt: 0, generation: 0, scavenged: 0, cursor: 0 },
}));

const pauseKind: fc.Arbitrary<PauseKind> = constantFrom('event', 'signal', 'invoke', 'cancel');
const subject = constantFrom('test/wanted', 'test/other', 'signal-1');

const pause: fc.Arbitrary<NewPause> = fc
  .tuple(runId, stepId, pauseKind, subject, now, mode, concurrencyKeys)
  .map(([run, step, of, name, expiresMs, parallelMode, keys]) => {
    const usual = samplePause(run, step, { kind: of, subject: name, expiresMs, parallelMode });
    return { ...usual, followUp: { ...usual.followUp, concurrencyKeys: keys } };
  });

const wait: fc.Arbitrary<NewWait> = fc
  .tuple(pause, now, constantFrom('' as const, 'fail', 'replace'), fact, some(item, 1), facts)
  .map(([of, atMs, conflict, told, items, itemFacts]) =>
    sampleWait(of.runId, of.stepId, { of, atMs, conflict, fact: told, items, itemFacts }),
  );

const run: fc.Arbitrary<NewRun> = fc
  .record({
    ...{ runId, facts, items: some(item), cancellations: some(pause, 1) },
    requestVersion: constantFrom(-1, 1, 2),
    idempotencyKeys: some(
      fc.record({
        key: constantFrom('once-1', 'once-2'),
        lifetimeMs: constantFrom(300_000, 600_000),
      }),
    ),
    otherwise: fc.record({ items: some(item, 1), facts }),
    preset: fc.option(
      fc.record({ steps: some(fc.tuple(stepId, json)), inputs: some(fc.tuple(stepId, json)) }),
      { nil: undefined },
    ),
  })
  .map(({ runId: id, items, preset, ...rest }) => {
    const usual = sampleRun(id, { ...rest, ...(preset && { preset }) });
    return { ...usual, items: [...usual.items, ...items] };
  });

const stepOutput = fc
  .record({ stepId, output: json, parallelMode: mode, fact })
  .map(({ stepId: step, ...rest }) => output(step, rest));
const defer = fc.record({ stepId, record: json, fact });
const bytesMax = constantFrom(20, 1_000, 100_000);
const resolution = fc.record({
  pauseId: fc.tuple(runId, stepId).map((parts) => parts.join('.')),
  ...{ output: json, fact },
});

// Only what the scripts see of an app matters here.
const definition = fc.record({ id: constantFrom('fn-1', 'fn-2'), name: constantFrom('é', 'b') });
const functions = some(definition) as unknown as fc.Arbitrary<FunctionDefinition[]>;
const app = fc.record({
  id: constantFrom('app-1', 'app-2'),
  functions,
}) as unknown as fc.Arbitrary<AppDefinition>;
const revision = constantFrom(0, 0, 1, 2);

/** A call by the function that makes it in the server: what it gives to the store. */
function through<T>(
  values: fc.Arbitrary<T>,
  make: (store: Store, value: T) => unknown,
): fc.Arbitrary<ScriptCall> {
  return values.map((value) => recorded((store) => make(store, value)));
}

function recorded(make: (store: Store) => unknown): ScriptCall {
  let call: ScriptCall | undefined;
  const unused = (): never => {
    throw new Error('a recorded call only runs scripts');
  };
  make({
    run: (script, args) => {
      call = { script, args };
      // Nobody waits for the answer.
      return new Promise(() => {});
    },
    ...{ settled: unused, subscribe: unused, trouble: unused, close: unused },
  });
  if (call === undefined) throw new Error('the function ran no script before it waited');
  return call;
}

const direct = (
  script: ScriptName,
  ...args: fc.Arbitrary<string | number | readonly (string | number)[]>[]
): fc.Arbitrary<ScriptCall> => fc.tuple(...args).map((values) => ({ script, args: values.flat() }));

const counted = (values: readonly (string | number)[]): (string | number)[] => [
  values.length,
  ...values,
];
const countedFacts = facts.map(counted);

const calls: Readonly<Record<ScriptName, fc.Arbitrary<ScriptCall>>> = {
  queue_enqueue: through(some(item, 3), queue.enqueue),
  queue_take: through(
    fc.record({
      ...{
        nowMs: now,
        partition,
        process,
        leaseToken: token,
        functionLimit: limit,
        accountLimit: limit,
      },
      partitionUntilMs: now,
      itemUntilMs: now,
      itemsMax: constantFrom(1, 2, 100),
    }),
    queue.take,
  ),
  queue_dequeue: through(fc.tuple(leased, facts), (store, [of, told]) =>
    queue.dequeue(store, of, told),
  ),
  queue_requeue: through(
    fc.tuple(
      leased,
      fc.record({
        nowMs: now,
        isAttempt: fc.boolean(),
        delaysMs: constantFrom([0], [500, 1_000]),
        facts,
      }),
    ),
    (store, [of, how]) => queue.requeue(store, of, how),
  ),
  queue_extend: through(fc.tuple(some(leased), now), (store, [items, untilMs]) =>
    queue.extend(store, items, untilMs),
  ),
  queue_release_partition: through(fc.tuple(partition, process), (store, [of, by]) =>
    queue.releasePartition(store, of, by),
  ),
  queue_scavenge: through(fc.tuple(now, constantFrom(1, 10)), (store, [ms, most]) =>
    queue.scavenge(store, ms, most),
  ),
  queue_rebuild: through(fc.array(itemId, { minLength: 1, maxLength: 3 }), queue.rebuild),
  queue_peek: through(
    fc.tuple(now, constantFrom(1, 10), constantFrom('', 'system')),
    (store, [ms, most, account]) => queue.peek(store, ms, most, account),
  ),
  queue_accounts: through(fc.tuple(now, constantFrom(1, 10)), (store, [ms, most]) =>
    queue.accountsWithWork(store, ms, most),
  ),
  queue_depth: through(fc.tuple(now, fc.array(partition, { maxLength: 3 })), (store, [ms, ids]) =>
    queueDepth(store, ms, ids),
  ),
  queue_ahead: direct('queue_ahead', partition, itemId),
  queue_return: direct('queue_return', partition, token, fc.constant(600_000)),
  queue_postpone: direct('queue_postpone', itemId, token, now),
  role_claim: direct(
    'role_claim',
    fc.constant('poll'),
    constantFrom('p1', 'p2'),
    fc.constant(600_000),
  ),
  run_create: through(run, createRun),
  run_enter: through(
    fc.tuple(
      leased,
      fc.record({
        nowMs: now,
        slept: fc.option(fc.record({ stepId, parallelMode: mode, fact }), { nil: undefined }),
        stepsMax: constantFrom(1, 1_000),
        inlineBytesMax: bytesMax,
        stateBytesMax: constantFrom(0, 30),
        startTimeoutMs: constantFrom(0, 1_000),
        scheduledAtMs: now,
        finishTimeoutMs: constantFrom(0, 1_000),
        firstItems: some(item, 1),
      }),
    ),
    (store, [of, { nowMs, slept, ...rest }]) =>
      enterRun(store, of, sampleEnter(nowMs, { ...rest, ...(slept && { slept }) })),
  ),
  run_load: through(fc.tuple(runId, fc.boolean()), (store, [id, withSteps]) =>
    loadRun(store, id, { withSteps }),
  ),
  run_jobs: direct('run_jobs', runId, constantFrom(1_000)),
  run_finish: through(
    fc.record({ item: fc.option(leased), runId, items: some(item, 1), facts }),
    endRun,
  ),
  step_commit: through(
    fc.record({
      ...{ nowMs: now, item: fc.option(leased), runId, stateBytesMax: bytesMax },
      plan: fc
        .record({
          requestVersion: constantFrom(null, 1, 2),
          forcesPlan: fc.boolean(),
          group: some(stepId, 3),
          outputs: some(stepOutput),
          items: some(fc.record({ openStepId: fc.oneof(stepId, fc.constant('')), fact, item })),
          waits: some(wait),
          ...{ defers: some(defer), facts },
        })
        .map((plan) => samplePlan('run-1', plan)),
    }),
    commitSteps,
  ),
  checkpoint_commit: through(
    fc.record({
      ...{
        runId,
        itemId,
        stateBytesMax: bytesMax,
        facts,
        defers: some(defer),
        outputs: some(stepOutput),
      },
      generation: constantFrom(null, 0, 1),
      stepsMax: constantFrom(1, 2, 100),
    }),
    commitCheckpoint,
  ),
  bulk_start: through(
    fc.tuple(bulkId, now, constantFrom(1, 2)),
    (store, [id, createdAtMs, runningMax]) =>
      startBulk(
        store,
        {
          ...{ id, createdAtMs, kind: 'cancel', name: 'é', total: 3, done: 0, skipped: 0 },
          ...{ status: 'running', endedAtMs: null, error: null, filter: { timeField: 'queued' } },
        },
        sampleItem({ id: 'i1', partition: 'bulk', kind: 'bulk' }),
        { runningMax, keptMax: 2 },
      ),
  ),
  bulk_load: through(constantFrom('', 'op-1', 'op-2'), loadBulks),
  bulk_advance: through(
    fc.tuple(
      leased,
      fc.record({
        ...{ nowMs: now, operationId: bulkId, nextMs: now, passedOver: constantFrom(0, 2) },
        place: constantFrom(null, { atMs: 1_000, runId: 'run-1' }),
        status: constantFrom('running' as const, 'completed', 'failed'),
        ends: some(fc.record({ runId, items: some(item, 1), facts })),
        runs: some(run, 1),
      }),
    ),
    (store, [of, step]) => advanceBulk(store, of, step),
  ),
  bulk_stop: through(fc.tuple(bulkId, now), (store, [id, ms]) => stopBulk(store, id, ms)),
  function_pause: direct('function_pause', now, partition, fc.constant(accountId)),
  function_unpause: direct('function_unpause', partition, fc.constant(accountId)),
  functions_paused: fc.constant({ script: 'functions_paused', args: [] }),
  history_append: direct('history_append', countedFacts),
  event_accept: direct('event_accept', some(item).map(itemListArgs), countedFacts),
  event_deliver: direct(
    'event_deliver',
    now,
    itemId,
    token,
    constantFrom(-1, 0, 3),
    some(resolution).map((list) => [list.length, ...list.flatMap(resolutionArgs)]),
    some(run, 1).map((list) => [list.length, ...list.flatMap(runArgs)]),
    some(item, 1).map(itemListArgs),
    countedFacts,
  ),
  pause_resolve: through(fc.tuple(now, some(resolution)), (store, [ms, list]) =>
    resolvePauses(store, ms, list),
  ),
  pause_scan: through(
    fc.tuple(eventName, constantFrom(0, 1, 3), constantFrom(1, 10)),
    (store, [name, after, most]) => scanPauses(store, name, after, most),
  ),
  pause_timeout: through(fc.tuple(now, leased, resolution), (store, [ms, of, by]) =>
    timeOutPause(store, ms, of, by),
  ),
  signal_find: direct('signal_find', now, constantFrom('signal-1', 'test/wanted')),
  outbox_read: through(
    fc.tuple(constantFrom(1, 3, 100), constantFrom('', 'r1', 'r2'), now, now),
    (store, [most, reader, nowMs, untilMs]) => readOutbox(store, most, { reader, nowMs, untilMs }),
  ),
  outbox_trim: through(fc.tuple(facts, constantFrom(0, 1, 2)), (store, [list, position]) =>
    trimOutbox(store, { facts: list, position, length: list.length, heldUntilMs: null }),
  ),
  apps_load: through(constantFrom(-1, 0, 1), loadApps),
  app_put: through(
    fc.tuple(
      app,
      revision,
      functions,
      some(constantFrom('fn-1', 'fn-2')),
      some(constantFrom('app-1', 'app-2'), 1),
      now,
    ),
    (store, [of, seen, left, returned, placeholders, ms]) =>
      putApp(store, { app: of, left, returned }, seen, placeholders, ms),
  ),
  app_remove: through(fc.tuple(app, revision, now), (store, [of, seen, ms]) =>
    removeApp(store, { app: of, revision: seen }, ms),
  ),
};

/** The scripts that random calls are made of. */
export const calledScripts: readonly ScriptName[] = Object.keys(calls);

const plausible = fc.oneof(...Object.values(calls));

/**
 * With one argument changed: a script that reads it wrongly must fail in the same way on both. Nothing here is a large
 * number, because it could end up as the length of a list.
 */
const damaged = fc
  .tuple(plausible, fc.nat(), constantFrom('', '-1', '3', 'nonsense'))
  .map(([{ script, args }, at, value]) => ({
    script,
    args: args.length === 0 ? args : args.with(at % args.length, value),
  }));

const scriptCall: fc.Arbitrary<ScriptCall> = fc.oneof(
  { weight: 30, arbitrary: plausible },
  { weight: 1, arbitrary: damaged },
);

/** A run and items, and a process that leases what is due: most of the other calls need a lease to get anywhere. */
const opening: fc.Arbitrary<ScriptCall[]> = fc
  .tuple(
    run,
    fc.array(item, { minLength: 1, maxLength: 4 }),
    fc.subarray(['fn-1', 'fn-2', 'events']),
  )
  .map(([created, items, partitions]) => [
    recorded((store) => createRun(store, created)),
    recorded((store) => queue.enqueue(store, items)),
    ...partitions.map((of) => recorded((store) => queue.take(store, leaseAll(of)))),
  ]);

const leaseAll = (of: string): queue.TakeRequest => ({
  ...{ nowMs: 10_000, partition: of, process: 'p1', leaseToken: 't1' },
  ...{
    partitionUntilMs: 14_000,
    itemUntilMs: 6_000,
    itemsMax: 100,
    functionLimit: 0,
    accountLimit: 0,
  },
});

export const scriptCalls: fc.Arbitrary<ScriptCall[]> = fc
  .tuple(
    fc.oneof({ weight: 4, arbitrary: opening }, { weight: 1, arbitrary: fc.constant([]) }),
    fc.array(scriptCall, { minLength: 5, maxLength: 20 }),
  )
  .map((parts) => parts.flat());

/**
 * What every script does when it is run once more with the same arguments, as by a caller who did not hear the first
 * answer: for each script the ways it can go, what the second answer is, and what the repetition still changes.
 */

import { accountId } from '../../../src/function/definition.ts';
import { resolutionArgs } from '../../../src/pause/pause.ts';
import { itemArgs, itemListArgs } from '../../../src/queue/item.ts';
import { enqueue } from '../../../src/queue/queue.ts';
import { runArgs } from '../../../src/state/run_creation.ts';
import type { Reply, ScriptName } from '../../../src/store/store.ts';
import { leaseMs, sampleItem, takeOne } from '../../queue/sample_item.ts';
import { commit, createSampleRun, runItem, sampleRun, sampleWait } from '../../state/sample_run.ts';
import type { StoreUnderTest } from '../../store_under_test.ts';

export type Args = readonly (string | number)[];

export interface Repetition {
  /** Brings the store to where the script has something to do; answers the arguments. */
  readonly prepare: (under: StoreUnderTest) => Promise<Args>;
  readonly first: Reply;
  /** The second answer, where it is another than the first. */
  readonly second?: Reply;
  /** Keys that the repetition changes. */
  readonly changes?: readonly string[];
}

const hourMs = 3_600_000;
const nothing = async (): Promise<void> => undefined;
const reading = (
  args: Args,
  first: Reply,
  prepare: (under: StoreUnderTest) => Promise<unknown> = nothing,
): Repetition => ({
  prepare: async (under) => {
    await prepare(under);
    return args;
  },
  first,
});

/** Two due items. */
const queued = (under: StoreUnderTest) =>
  enqueue(under.store, [sampleItem({ id: 'a' }), sampleItem({ id: 'b' })]);
const started = async (under: StoreUnderTest) => {
  await createSampleRun(under.store, 'r');
  return takeOne(under, 'fn-1');
};
/** A run that waits for an event and for a signal until a minute has passed. */
const waiting = async (under: StoreUnderTest) => {
  const item = await started(under);
  const atMs = under.clock.now() + 60_000;
  const signal = sampleWait('r', 's', { atMs, of: { kind: 'signal', subject: 'go' } });
  await commit(under, item, { waits: [sampleWait('r', 'w', { atMs }), signal] });
};
const delivering = async ({ store, ...under }: StoreUnderTest) => {
  const item = sampleItem({ id: 'events.1', partition: 'events', kind: 'events' });
  await store.run('event_accept', [...itemListArgs([item]), 0]);
  return takeOne({ store, ...under }, 'events');
};
const takeArgs = (under: StoreUnderTest, itemsMax: number, functionLimit = 0): Args => {
  const nowMs = under.clock.now();
  const until = [nowMs + 4_000, nowMs + leaseMs];
  return [nowMs, 'fn-1', accountId, 'p', ...until, 'token', itemsMax, functionLimit, 0];
};
const takenFields = (id: string): Reply[] => [
  ...[id, 'edge', '', '1000'],
  ...['0', '5', '0', '0', '{}', '0'],
];
/** The arguments of step_commit: an output, a planned step, a wait, a defer, and given facts. */
const commitArgs = (
  under: StoreUnderTest,
  item: { readonly id: string; readonly leaseToken: string },
  facts: readonly string[] = [],
): Args => {
  const { pause, timeout } = sampleWait('r', 'w');
  const { followUp: f } = pause;
  return [
    ...[under.clock.now(), item.id, item.leaseToken, 'r', 2, 1, 1_000],
    ...[2, 'a', 'p'],
    ...[1, 'a', '{"data":"a"}', 'race', '"a done"'],
    ...itemArgs(runItem('r', 'unnamed')),
    ...[1, 'p', '"p planned"', ...itemArgs(runItem('r', 'p.plan'))],
    ...[1, pause.id, 'r', 'w', pause.kind, pause.subject, '', 0, 'w', pause.expiresMs],
    ...[pause.timeoutItemId, 'wait', f.partition, accountId, f.attemptsMax, f.data, f.scoreMs, 0],
    ...[...itemArgs(timeout), '', '"w waits"', 0, 0],
    ...[1, 'd', '{}', '"d put off"'],
    ...[facts.length, ...facts],
  ];
};
const checkpointArgs = (itemId: string, facts: readonly string[]): Args => [
  ...['r', itemId, 0, 1_000, 9],
  ...[1, 'a', '{"data":"a"}', '"a done"'],
  ...[1, 'd', '{}', '"d put off"'],
  ...[facts.length, ...facts],
];
const enterArgs = (
  under: StoreUnderTest,
  item: { readonly id: string; readonly leaseToken: string; readonly runId: string },
  slept: readonly string[] = ['', '', ''],
): Args => [
  ...[under.clock.now(), item.id, item.leaseToken, item.runId, ...slept],
  ...[1_000, 1_000_000, 0, 1_000, 0, '"started"', 0],
  ...itemListArgs([runItem('r', 'deadline', { kind: 'deadline', partition: 'timers' })]),
];
const endArgs = (item: { readonly id: string; readonly leaseToken: string } | null): Args => [
  ...[item?.id ?? '', item?.leaseToken ?? '', 'r'],
  ...itemListArgs([sampleItem({ id: 'finished', partition: 'events' })]),
  ...[1, '"ended"'],
];
/** The arguments of bulk_start. */
const bulkArgs: Args = [
  ...[1_000, 'op', 'cancel', 'all', '{}', 7, 2, 3],
  ...itemArgs(sampleItem({ id: 'bulk.op', partition: 'bulk', kind: 'bulk' })),
];
/** A run that answers its invoker when it is not created. */
const invoked = (changes: Parameters<typeof sampleRun>[1] = {}): Args =>
  runArgs(
    sampleRun('r', {
      idempotencyKeys: [{ key: 'k', lifetimeMs: hourMs }],
      facts: ['"scheduled"'],
      ...changes,
    }),
  );

export const repetitions: Readonly<Record<ScriptName, Readonly<Record<string, Repetition>>>> = {
  app_put: {
    'the writer is told that a faster one was there: itself': {
      prepare: async () => ['app', 0, '{}', 1, 9, 1, 'left', '{}', 1, 'back', 1, 'placeholder'],
      first: [1, 1],
      second: [0, 1],
    },
  },
  app_remove: {
    'the app is gone already': {
      prepare: async ({ store }) => {
        await store.run('app_put', ['app', 0, '{}', 1, 9, 0, 0, 0]);
        return ['app', 1, 1, 9, 1, 'left', '{}'];
      },
      first: [1, 2],
      second: [0, 0],
    },
  },
  apps_load: { 'a look': reading([-1], [0, [], []]) },
  bulk_advance: {
    'the lease went with the first call': {
      prepare: async (under) => {
        await createSampleRun(under.store, 'ending');
        await under.store.run('bulk_start', bulkArgs);
        const { id, leaseToken } = await takeOne(under, 'bulk');
        return [
          ...[under.clock.now(), id, leaseToken, 'op', '{}', 'running', '', 9_000, 1],
          ...[1, 'ending', ...itemListArgs([sampleItem({ id: 'told', partition: 'events' })])],
          ...[1, '"ended"', 1, ...runArgs(sampleRun('new', { facts: ['"scheduled"'] }))],
        ];
      },
      first: [1, 1, 1],
      second: [0],
    },
    'the operation has ended': {
      prepare: async (under) => {
        await under.store.run('bulk_start', bulkArgs);
        const { id, leaseToken } = await takeOne(under, 'bulk');
        return [under.clock.now(), id, leaseToken, 'op', '', 'failed', 'why', 0, 0, 0, 0];
      },
      first: [2],
      second: [0],
    },
  },
  bulk_load: {
    'a look': reading(
      [''],
      ['op', 'cancel', 'all', '{}', 'running', '1000', '', '7', '0', '0', '', ''],
      ({ store }) => store.run('bulk_start', bulkArgs),
    ),
  },
  bulk_start: {
    'the operation was started': { prepare: async () => bulkArgs, first: 1, second: 0 },
  },
  bulk_stop: {
    'the operation was stopped': {
      prepare: async ({ store }) => {
        await store.run('bulk_start', bulkArgs);
        return [2_000, 'op'];
      },
      first: 1,
      second: 0,
    },
  },
  checkpoint_commit: {
    'outputs and their facts are kept once': {
      prepare: async (under) => checkpointArgs((await started(under)).id, []),
      first: 1,
    },
    'facts of their own are told again: history knows them': {
      prepare: async (under) => checkpointArgs((await started(under)).id, ['"planned"']),
      first: 1,
      changes: ['outbox'],
    },
  },
  event_accept: {
    'the facts are told again: history knows them': {
      prepare: async () => {
        const item = sampleItem({ id: 'events.1', partition: 'events', kind: 'events' });
        return [...itemListArgs([item]), 1, '"event"'];
      },
      first: 1,
      changes: ['outbox'],
    },
  },
  event_deliver: {
    'with the last events the lease went': {
      prepare: async (under) => {
        await waiting(under);
        const { id, leaseToken } = await delivering(under);
        return [
          ...[under.clock.now(), id, leaseToken, -1],
          ...[1, ...resolutionArgs({ pauseId: 'r.w', output: '1', fact: '"w"' })],
          ...[1, ...runArgs(sampleRun('new'))],
          ...[...itemListArgs([sampleItem({ id: 'beside' })]), 1, '"f"'],
        ];
      },
      first: [1, 1, 1],
      second: [0],
    },
    'in the middle of the events the part is known to be delivered': {
      prepare: async (under) => {
        await waiting(under);
        const { id, leaseToken } = await delivering(under);
        return [
          ...[under.clock.now(), id, leaseToken, 7],
          ...[1, ...resolutionArgs({ pauseId: 'r.w', output: '1', fact: '"w"' })],
          ...[1, ...runArgs(sampleRun('new'))],
          ...[...itemListArgs([sampleItem({ id: 'beside' })]), 1, '"f"'],
        ];
      },
      first: [1, 1, 1],
      second: [2],
    },
  },
  function_pause: {
    'the function is paused': {
      prepare: async (under) => {
        await queued(under);
        return [2_000, 'fn-1', accountId];
      },
      first: 1,
      second: 0,
    },
  },
  function_unpause: {
    'the function goes on': {
      prepare: async (under) => {
        await queued(under);
        await under.store.run('function_pause', [2_000, 'fn-1', accountId]);
        return ['fn-1', accountId];
      },
      first: 1,
      second: 0,
    },
  },
  functions_paused: {
    'a look': reading([], ['fn-1'], ({ store }) =>
      store.run('function_pause', [2_000, 'fn-1', accountId]),
    ),
  },
  history_append: {
    'the facts are told again: history knows them': {
      prepare: async () => [1, '"metadata"'],
      first: 1,
      changes: ['outbox'],
    },
  },
  outbox_read: {
    'a look': reading([9, 999, 'reader', 1_000, 2_000], [0, 1, 0, '"fact"'], ({ store }) =>
      store.run('event_accept', [0, 1, '"fact"']),
    ),
  },
  outbox_trim: {
    'nothing more is forgotten': {
      prepare: async ({ store }) => {
        await store.run('event_accept', [0, 3, '"1"', '"2"', '"3"']);
        return [2, 0, '"2"'];
      },
      first: 1,
      second: 0,
    },
  },
  pause_resolve: {
    'the waits are over': {
      prepare: async (under) => {
        await waiting(under);
        return [under.clock.now(), 2, 'r.w', '1', '"w"', 'r.s', '2', ''];
      },
      first: [1, 1],
      second: [0, 0],
    },
  },
  pause_scan: { 'a look': reading(['nobody', 0, 9], [0]) },
  pause_timeout: {
    'the timeout item is gone': {
      prepare: async (under) => {
        await waiting(under);
        under.clock.advance(60_000);
        const item = await takeOne(under, 'timers');
        const pauseId = item.id.replace('.timeout', '');
        return [under.clock.now(), item.id, item.leaseToken, pauseId, 'null', '"over"'];
      },
      first: 1,
      second: -1,
    },
  },
  queue_accounts: { 'a look': reading([1_000, 9], [accountId], queued) },
  queue_ahead: { 'a look': reading(['fn-1', 'a'], 0, queued) },
  queue_depth: {
    'a look': reading([1_767_225_600_000, 0, 9, 1, 'fn-2'], [1, 2, 0, 0, 0, 0], queued),
  },
  queue_dequeue: {
    'the item is gone': {
      prepare: async (under) => {
        await queued(under);
        const { id, leaseToken } = await takeOne(under, 'fn-1');
        return [id, leaseToken, 1, '"fact"'];
      },
      first: 1,
      second: 0,
    },
  },
  queue_enqueue: {
    'the items are there': {
      prepare: async () => itemListArgs([sampleItem({ id: 'a' }), sampleItem({ id: 'b' })]),
      first: 2,
      second: 0,
    },
  },
  queue_extend: {
    'the same expiry': {
      prepare: async (under) => {
        await queued(under);
        const { id, leaseToken } = await takeOne(under, 'fn-1');
        return [under.clock.now() + 99_000, 2, id, leaseToken, 'b', leaseToken];
      },
      first: ['b'],
    },
  },
  queue_peek: { 'a look': reading([1_000, 9, ''], [-1, 'fn-1'], queued) },
  queue_rebuild: {
    'the same items are ready': {
      prepare: async (under) => {
        await queued(under);
        await under.forgetRebuildable();
        return [2, 'a', 'b'];
      },
      first: 2,
    },
  },
  queue_postpone: {
    'the lease went with the first call': {
      prepare: async (under) => {
        await queued(under);
        const { id, leaseToken } = await takeOne(under, 'fn-1');
        return [id, leaseToken, 2_000];
      },
      first: 1,
      second: 0,
    },
  },
  role_claim: {
    'the process has the role': { prepare: async () => ['poll', 'p1', 60_000], first: 1 },
  },
  queue_return: {
    'the items are back': {
      prepare: async (under) => {
        await queued(under);
        const { leaseToken } = await takeOne(under, 'fn-1');
        return ['fn-1', leaseToken, 60_000];
      },
      first: 1,
      second: 0,
    },
  },
  queue_release_partition: {
    'the partition is free': {
      prepare: async (under) => {
        await queued(under);
        await takeOne(under, 'fn-1', { process: 'p' });
        return ['fn-1', accountId, 'p'];
      },
      first: 1,
      second: 0,
    },
  },
  queue_requeue: {
    'the lease went with the first call': {
      prepare: async (under) => {
        await queued(under);
        const { id, leaseToken } = await takeOne(under, 'fn-1');
        return [under.clock.now(), id, leaseToken, 1, 1, 0, 1, '"fact"'];
      },
      first: Date.UTC(2026, 0, 1),
      second: 0,
    },
    'used attempts stay used': {
      prepare: async (under) => {
        await enqueue(under.store, [sampleItem({ id: 'a', attemptsMax: 1 })]);
        const { id, leaseToken } = await takeOne(under, 'fn-1');
        return [under.clock.now(), id, leaseToken, 1, 1, 0, 0];
      },
      first: -2,
    },
  },
  queue_scavenge: {
    'everything is back already': {
      prepare: async (under) => {
        await queued(under);
        await takeOne(under, 'fn-1');
        under.clock.advance(leaseMs);
        return [under.clock.now(), 9];
      },
      first: [1, -1],
      second: [0, -1],
    },
  },
  queue_take: {
    'nothing is left; what the first call took waits for the end of its lease': {
      prepare: async (under) => {
        await queued(under);
        return takeArgs(under, 9);
      },
      first: [0, 2, ...takenFields('a'), ...takenFields('b')],
      second: [0, 0],
    },
    'the next item; what the first call took waits for the end of its lease': {
      prepare: async (under) => {
        await queued(under);
        return takeArgs(under, 1);
      },
      first: [1, 1, ...takenFields('a')],
      second: [0, 1, ...takenFields('b')],
      changes: [
        `x:account:${accountId}:partitions`,
        'x:accounts',
        `x:inflight:a:${accountId}`,
        'x:lease',
        'x:leased:fn-1',
        'x:leases',
        'x:partition:fn-1',
        'x:partitions',
        'x:ready:fn-1',
      ],
    },
    'the limit is reached': {
      prepare: async (under) => {
        await queued(under);
        await takeOne(under, 'fn-1', { process: 'p' });
        return takeArgs(under, 1, 1);
      },
      first: [-1, 0],
    },
  },
  run_create: {
    'the run exists': {
      prepare: async () => invoked(),
      first: 1,
      second: 0,
    },
  },
  run_enter: {
    'the first execution is told once, and is the first again': {
      prepare: async (under) => enterArgs(under, await started(under)),
      first: [
        ...[1, JSON.stringify(metadata()), '[{"name":"test/go"}]', '-1', '0'],
        ...[String(Date.UTC(2026, 0, 1)), '0', '0', 0, [], [], [], []],
      ],
    },
    'a sleep ends once': {
      prepare: async (under) => {
        const item = await started(under);
        return enterArgs(under, item, ['nap', 'race', '"woke"']);
      },
      first: [
        ...[1, JSON.stringify(metadata()), '[{"name":"test/go"}]', '-1', '0'],
        ...[String(Date.UTC(2026, 0, 1)), '4', '1', 0, ['nap'], ['nap', 'null'], [], []],
      ],
    },
    'the item went with siblings that are open': {
      prepare: async (under) => {
        const nap = runItem('r', 'nap.sleep', { kind: 'sleep' });
        const work = runItem('r', 'work.plan');
        await commit(under, await started(under), {
          group: ['nap', 'work'],
          items: [nap, work].map((item) => ({ openStepId: '', fact: '', item })),
        });
        return enterArgs(under, await takeOne(under, 'fn-1'), ['nap', 'wait', '"woke"']);
      },
      first: [-2],
      second: [-1],
    },
    'the item went with its run': {
      prepare: async (under) => {
        await enqueue(under.store, [runItem('gone', 'left')]);
        return enterArgs(under, await takeOne(under, 'fn-1'));
      },
      first: [0],
      second: [-1],
    },
  },
  run_finish: {
    'the item went with its run': {
      prepare: async (under) => endArgs(await started(under)),
      first: 1,
      second: -1,
    },
    'the run has ended': {
      prepare: async (under) => {
        await started(under);
        return endArgs(null);
      },
      first: 1,
      second: 0,
    },
  },
  run_jobs: {
    'a look': reading(['r', 9], ['r.start', 'start', '1000', '0', 1], started),
  },
  run_load: { 'a look': reading(['r', 1], [0]) },
  signal_find: { 'a look': reading([1_000, 'go'], ['r.s', 'r', 's', 's'], waiting) },
  step_commit: {
    'the lease went with the first call': {
      prepare: async (under) => commitArgs(under, await started(under), ['"f"']),
      first: 2,
      second: -1,
    },
    'the item went with its run': {
      prepare: async (under) => {
        const item = await started(under);
        await under.read('DEL', 'run:r');
        return commitArgs(under, item);
      },
      first: 0,
      second: -1,
    },
    'the report of an endpoint is known': {
      prepare: async (under) => {
        await started(under);
        return commitArgs(under, { id: '', leaseToken: '' });
      },
      first: 2,
      second: 1,
    },
    'facts in the report of an endpoint are told again: history knows them': {
      prepare: async (under) => {
        await started(under);
        return commitArgs(under, { id: '', leaseToken: '' }, ['"f"']);
      },
      first: 2,
      second: 1,
      changes: ['outbox'],
    },
  },
};

function metadata() {
  return sampleRun('r').metadata;
}

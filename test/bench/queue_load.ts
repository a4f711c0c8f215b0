/** The life of queue items, one script after the other: from enqueue to dequeue, with every way back. */
import { queueDepth } from '../../src/queue/depth.ts';
import { accountOf } from '../../src/queue/item.ts';
import {
  accountsWithWork,
  dequeue,
  enqueue,
  extend,
  peek,
  postpone,
  rebuildKnown,
  requeue,
  returnTaken,
  scavenge,
} from '../../src/queue/queue.ts';
import { claimRole } from '../../src/queue/role.ts';
import { endRun } from '../../src/state/run_end.ts';
import { asNumber } from '../../src/store/reply_shape.ts';
import { leaseMs, sampleItem, takeFrom } from '../queue/sample_item.ts';
import { createSampleRun } from '../state/sample_run.ts';
import { at, type LoadScope, leaseAll, sampleFact } from './load_scope.ts';

const partitionCount = 10;
const partitions = Array.from({ length: partitionCount }, (_, index) => `function-${index}`);
const retryMs = 1_000;
/** A process that serves partitions, as `takeFrom` names it. */
const servingProcess = 'p1';

export async function queueLoad(scope: LoadScope): Promise<void> {
  await itemLoad(scope);
  await partitionLoad(scope);
  await rebuildLoad(scope);
}

async function itemLoad(scope: LoadScope): Promise<void> {
  const { timer, key, subjects, nowMs } = scope;
  const { store } = timer;
  const items = Array.from({ length: subjects }, (_, index) =>
    sampleItem({
      id: `${key}-item-${index}`,
      partition: at(partitions, index % partitionCount),
      atMs: nowMs,
      scoreMs: nowMs,
      data: JSON.stringify({ functionId: key, scheduledAtMs: nowMs }),
    }),
  );
  await timer.timed(
    'queue_enqueue',
    subjects,
    (index) => enqueue(store, [at(items, index)]),
    (added) => added === 1,
  );
  await timer.timed(
    'queue_peek',
    subjects,
    () => peek(store, nowMs, 100),
    (peeked) => peeked.partitions.length === partitionCount,
  );
  await timer.timed(
    'queue_accounts',
    subjects,
    () => accountsWithWork(store, nowMs, 20),
    (accounts) => accounts.length === 1,
  );
  await timer.timed(
    'queue_depth',
    subjects,
    () => queueDepth(store, nowMs, partitions),
    (depth) => depth.due >= subjects,
  );
  const taken = await timer.timed(
    'queue_take',
    subjects,
    (index) => takeOneOf(scope, at(partitions, index % partitionCount)),
    (reply) => reply.items.length === 1,
  );
  const leased = taken.map(({ items: own }) => at(own, 0));
  await timer.timed(
    'queue_extend',
    subjects,
    (index) => extend(store, [at(leased, index)], nowMs + 2 * leaseMs),
    (lost) => lost.length === 0,
  );
  await timer.timed(
    'queue_requeue',
    subjects,
    (index) => {
      const facts = [sampleFact(at(leased, index).id)];
      const how = { nowMs, isAttempt: true, delaysMs: [retryMs], facts };
      return requeue(store, at(leased, index), how);
    },
    (outcome) => outcome.kind === 'queued',
  );
  await leaseAll(scope, partitions, nowMs + retryMs, subjects);
  const expiredMs = nowMs + retryMs + leaseMs;
  await timer.timed(
    'queue_scavenge',
    subjects,
    () => scavenge(store, expiredMs, 1),
    (scavenged) => scavenged.count === 1,
  );
  const again = await leaseAll(scope, partitions, expiredMs, subjects);
  await timer.timed(
    'queue_dequeue',
    subjects,
    (index) => dequeue(store, at(again, index)),
    (isRemoved) => isRemoved,
  );
}

function takeOneOf({ timer, nowMs }: LoadScope, partition: string): ReturnType<typeof takeFrom> {
  return takeFrom({ store: timer.store, clock: { now: () => nowMs } }, partition, { itemsMax: 1 });
}

/** Partitions with more due work than their process can take. */
async function partitionLoad(scope: LoadScope): Promise<void> {
  const { timer, key, subjects, nowMs } = scope;
  const { store } = timer;
  const served = Array.from({ length: subjects }, (_, index) => `${key}-served-${index}`);
  await timer.untimed(subjects, (index) => {
    const partition = at(served, index);
    const twoItems = ['a', 'b'].map((name) =>
      sampleItem({ id: `${partition}.${name}`, partition, atMs: nowMs, scoreMs: nowMs }),
    );
    return enqueue(store, twoItems);
  });
  const firsts = await timer.untimed(subjects, (index) => takeOneOf(scope, at(served, index)));
  await timer.timed(
    'queue_release_partition',
    subjects,
    async (index) => {
      const partition = at(served, index);
      const args = [partition, accountOf(partition), servingProcess];
      return asNumber(await store.run('queue_release_partition', args));
    },
    (code) => code === 1,
  );
  const seconds = await leaseAll(scope, served, nowMs, subjects);
  // Few deliveries meet another: one is ahead of each second item.
  await timer.timed(
    'queue_ahead',
    subjects,
    async (index) => {
      const { partition, id } = at(seconds, index);
      return asNumber(await store.run('queue_ahead', [partition, id]));
    },
    (ahead) => ahead === 1,
  );
  await timer.timed(
    'queue_return',
    subjects,
    (index) => {
      const { partition, leaseToken } = at(seconds, index);
      return returnTaken(store, { partition, leaseToken });
    },
    (count) => count === 1,
  );
  const again = await leaseAll(scope, served, nowMs, subjects);
  await timer.timed(
    'queue_postpone',
    subjects,
    (index) => postpone(store, at(again, index), nowMs),
    (isPostponed) => isPostponed,
  );
  const last = await leaseAll(scope, served, nowMs, subjects);
  await timer.timed(
    'role_claim',
    subjects,
    (index) => claimRole(store, { role: `${key}-${index}`, process: servingProcess, ms: 60_000 }),
    (isOurs) => isOurs,
  );
  const leased = [...firsts.flatMap(({ items }) => items), ...last];
  await timer.untimed(leased.length, (index) => dequeue(store, at(leased, index)));
}

/** As many as a start rebuilds with one script. */
const itemsPerRebuild = 500;
const rebuilds = 16;

/** Deletes keys, as they are missing after a start. */
export const forgetScript = {
  name: 'bench_forget',
  source: "for i = 1, #ARGV do redis.call('DEL', KEYS[1] .. ':' .. ARGV[i]) end return #ARGV",
};

/** Items whose sets are gone. They belong to runs, with whose end they go. */
async function rebuildLoad({ timer, key, nowMs }: LoadScope): Promise<void> {
  const { store } = timer;
  const runs = Array.from({ length: rebuilds }, (_, index) => `${key}-rebuilt-${index}`);
  const idsOf = (run: string): string[] =>
    Array.from({ length: itemsPerRebuild }, (_, index) => `${run}.item-${index}`);
  await timer.untimed(rebuilds, (index) => {
    const runId = at(runs, index);
    const items = idsOf(runId).map((id) =>
      sampleItem({ id, partition: runId, runId, atMs: nowMs, scoreMs: nowMs }),
    );
    return createSampleRun(store, runId, { items });
  });
  const forgotten = runs.flatMap((run) => [`x:ready:${run}`, `x:run:${run}`]);
  forgotten.push('x:run-item');
  const accountIndex = `x:account:${accountOf(at(runs, 0))}:partitions`;
  await timer.untimed(1, () =>
    store.run(forgetScript.name, [...forgotten, 'x:partitions', 'x:accounts', accountIndex]),
  );
  await timer.timed(
    `queue_rebuild: ${itemsPerRebuild} items`,
    rebuilds,
    (index) => {
      const run = at(runs, index);
      const fields = [run, accountOf(run), String(nowMs), run, 'edge'];
      return rebuildKnown(
        store,
        idsOf(run).map((id) => [id, fields] as const),
      );
    },
    (count) => count === itemsPerRebuild,
  );
  await timer.untimed(rebuilds, (index) =>
    endRun(store, { item: null, runId: at(runs, index), items: [], facts: [] }),
  );
}

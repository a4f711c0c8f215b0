/** Several processes on one store: whatever they do at once, each thing happens once. */
import { beforeEach, describe, expect, test } from 'bun:test';
import { readOutbox, trimOutbox } from '../../../src/history/outbox.ts';
import { resolvePauses, timeOutPause } from '../../../src/pause/pause.ts';
import { itemListArgs, type LeasedItem } from '../../../src/queue/item.ts';
import { dequeue, enqueue, extend, requeue, scavenge } from '../../../src/queue/queue.ts';
import { runArgs } from '../../../src/state/run_creation.ts';
import { endRun } from '../../../src/state/run_end.ts';
import { enterRun, loadRun } from '../../../src/state/run_state.ts';
import type { Store } from '../../../src/store/store.ts';
import { eventually } from '../../eventually.ts';
import { idsOf, leaseMs, sampleItem, takeFrom, takeOne } from '../../queue/sample_item.ts';
import {
  commit,
  createSampleRun,
  output,
  sampleEnter,
  sampleRun,
  sampleWait,
} from '../../state/sample_run.ts';
import { list, onEachEngine, type StoreUnderTest, scores } from '../../store_under_test.ts';

onEachEngine((engine) => {
  let under: StoreUnderTest;
  let stores: readonly [Store, Store];
  let now: number;

  beforeEach(async () => {
    under = await engine.open();
    stores = [under.store, await under.another()];
    now = under.clock.now();
  });

  /** The same request of both processes, several times each, all at once. */
  function atOnce<T>(times: number, request: (store: Store, n: number) => Promise<T>) {
    return Promise.all(
      Array.from({ length: times }, (_, n) => request(stores[n % 2 === 0 ? 0 : 1], n)),
    );
  }

  const numbered = (count: number) =>
    Array.from({ length: count }, (_, n) => sampleItem({ id: `i${n}`, partition: `fn-${n % 3}` }));

  describe('two processes that take', () => {
    test('never get one item both, and together get all', async () => {
      await enqueue(under.store, numbered(90));
      const taken: string[] = [];
      // Enough rounds even if every second request finds the partition leased to the other process.
      for (let round = 0; round < 40 && taken.length < 90; round += 1) {
        const all = await atOnce(12, (store, n) =>
          takeFrom({ store, clock: under.clock }, `fn-${n % 3}`, {
            process: `p${n % 4}`,
            itemsMax: 2,
          }),
        );
        taken.push(...all.flatMap(({ items }) => idsOf(items)));
      }
      expect(taken.length).toBe(90);
      expect(new Set(taken).size).toBe(90);
    });

    test('stay within the limits of function, account and key', async () => {
      const keyed = { concurrencyKeys: [{ key: 'k', limit: 2 }] };
      await enqueue(
        under.store,
        numbered(30).map((item) => (item.partition === 'fn-2' ? { ...item, ...keyed } : item)),
      );
      await atOnce(30, (store, n) =>
        takeFrom({ store, clock: under.clock }, `fn-${n % 3}`, {
          itemsMax: 2,
          functionLimit: 4,
          accountLimit: 7,
        }),
      );
      const leases = await Promise.all(
        ['x:leased:fn-0', 'x:leased:fn-1', 'x:leased:fn-2', 'x:inflight:k', 'x:leases'].map(
          async (key) => Object.keys(await scores(under, key)).length,
        ),
      );
      for (const [index, most] of [4, 4, 4, 2, 7].entries()) {
        expect(leases[index]).toBeLessThanOrEqual(most);
      }
      expect(leases.at(-1)).toBe(7);
    });
  });

  test('of many enqueues of one id, and many users of one lease, exactly one succeeds', async () => {
    const added = await atOnce(20, (store) => enqueue(store, [sampleItem({ id: 'one' })]));
    expect(added.reduce((sum, count) => sum + count, 0)).toBe(1);
    const lease = await takeOne(under, 'fn-1');
    const gone = await atOnce(20, (store) => dequeue(store, lease, ['"gone"']));
    expect(gone.filter(Boolean)).toHaveLength(1);
    expect(await list(under, 'outbox')).toEqual(['"gone"']);
  });

  test('one idempotency key starts one run, whoever comes first', async () => {
    const idempotencyKeys = [{ key: 'k', lifetimeMs: 3_600_000 }];
    const created = await atOnce(20, (store, n) =>
      createSampleRun(store, `r${n}`, { idempotencyKeys, facts: [`"r${n}"`] }),
    );
    expect(created.filter(Boolean)).toHaveLength(1);
    const started = (await takeFrom(under, 'fn-1')).items;
    expect(idsOf(started)).toEqual([`r${created.indexOf(true)}.start`]);
    expect(await list(under, 'outbox')).toHaveLength(1);
  });

  test('whose lease was taken over changes nothing any more', async () => {
    await createSampleRun(stores[0], 'r');
    const stale = await takeOne(under, 'fn-1');
    under.clock.advance(leaseMs);
    await scavenge(stores[1], under.clock.now(), 9);
    const current = await takeOne({ store: stores[1], clock: under.clock }, 'fn-1');
    expect([current.id, current.attempt, current.generation]).toEqual([stale.id, 0, 1]);
    const before = await under.dump();
    const nowMs = under.clock.now();
    const how = { nowMs, isAttempt: true, delaysMs: [0], facts: ['"f"'] };
    expect(await enterRun(stores[0], stale, sampleEnter(nowMs))).toEqual({ kind: 'lease_lost' });
    expect(await commit(under, stale, { outputs: [output('a')] })).toBe('lease_lost');
    expect(await requeue(stores[0], stale, how)).toEqual({ kind: 'gone' });
    expect(await dequeue(stores[0], stale, ['"f"'])).toBe(false);
    expect(await extend(stores[0], [stale], nowMs + 99_000)).toEqual([stale.id]);
    const end = { item: stale, runId: 'r', items: [], facts: ['"f"'] };
    expect(await endRun(stores[0], end)).toBe('lease_lost');
    expect(await under.dump()).toEqual(before);
    const on = { store: stores[1], clock: under.clock };
    expect(await commit(on, current, { outputs: [output('a')] })).toBe('continued');
  });

  test('an event is delivered by one of those who try', async () => {
    const intake = sampleItem({ id: 'events.1', partition: 'events', kind: 'events' });
    await stores[0].run('event_accept', [...itemListArgs([intake]), 0]);
    const item = await takeOne(under, 'events');
    const replies = await atOnce(12, (store, n) =>
      store.run('event_deliver', [
        ...[now, item.id, item.leaseToken, -1, 0],
        ...[1, ...runArgs(sampleRun(`r${n}`))],
        ...[0, 1, `"r${n}"`],
      ]),
    );
    const delivered = replies.filter((reply) => Array.isArray(reply) && reply[0] === 1);
    expect(delivered).toEqual([[1, 1]]);
    expect((await takeFrom(under, 'fn-1')).items).toHaveLength(1);
    expect(await list(under, 'outbox')).toHaveLength(1);
  });

  test('a wait is ended by its event or by its timeout, never by both', async () => {
    const ids = Array.from({ length: 10 }, (_, n) => `w${n}`);
    await createSampleRun(under.store, 'r');
    const waits = ids.map((id) => sampleWait('r', id, { atMs: now }));
    await commit(under, await takeOne(under, 'fn-1'), { waits });
    const timers = (await takeFrom(under, 'timers')).items;
    const ended = await Promise.all(
      timers.flatMap((timer: LeasedItem) => {
        const pauseId = timer.id.replace('.timeout', '');
        return [
          timeOutPause(stores[0], now, timer, { pauseId, output: '"time"', fact: `"${pauseId}"` }),
          resolvePauses(stores[1], now, [
            { pauseId, output: '"event"', fact: `"${pauseId}"` },
          ]).then(([isResolved]) => isResolved),
        ];
      }),
    );
    expect(ended.filter(Boolean)).toHaveLength(10);
    expect((await loadRun(under.store, 'r', { withSteps: true }))?.stack).toHaveLength(10);
    expect(new Set(await list(under, 'outbox')).size).toBe(10);
  });

  test('a run ends once, and an expired item comes back once', async () => {
    await createSampleRun(under.store, 'r');
    await takeOne(under, 'fn-1');
    under.clock.advance(leaseMs);
    const back = await atOnce(10, (store) => scavenge(store, under.clock.now(), 9));
    expect(back.map(({ count }) => count).reduce((sum, count) => sum + count)).toBe(1);
    const ends = await atOnce(10, (store) =>
      endRun(store, { item: null, runId: 'r', items: [], facts: ['"ended"'] }),
    );
    expect(ends.filter((outcome) => outcome === 'ended')).toHaveLength(1);
    expect(await list(under, 'outbox')).toEqual(['"ended"']);
  });

  test('two readers of the outbox carry every fact once, in order', async () => {
    const facts = Array.from({ length: 200 }, (_, n) => `"${n}"`);
    for (let n = 0; n < 200; n += 50) {
      const args = [0, 50, ...facts.slice(n, n + 50)];
      await under.store.run('event_accept', args);
    }
    const carried: string[] = [];
    const carry = async (store: Store): Promise<void> => {
      for (let round = 0; round < 200; round += 1) {
        const page = await readOutbox(store, 7);
        if (page.facts.length === 0) return;
        if (await trimOutbox(store, page)) carried.push(...page.facts);
      }
    };
    await Promise.all(stores.map(carry));
    expect([...carried].sort()).toEqual([...facts].sort());
    expect(await readOutbox(under.store, 9)).toMatchObject({ length: 0, position: 200 });
  });

  test('of readers that claim facts only one is given them', async () => {
    await under.store.run('event_accept', [0, 1, '"fact"']);
    const pages = await atOnce(8, (store, n) =>
      readOutbox(store, 9, { reader: `reader ${n}`, nowMs: now, untilMs: now + 5_000 }),
    );
    expect(pages.filter(({ facts }) => facts.length === 1)).toHaveLength(1);
    expect(pages.filter(({ heldUntilMs }) => heldUntilMs === now + 5_000)).toHaveLength(7);
  });

  test('two writers of one app lose no change', async () => {
    const increment = async (store: Store): Promise<void> => {
      for (let attempt = 0; attempt < 100; attempt += 1) {
        const [, apps = null] = asRow(await store.run('apps_load', [-1]));
        const [, revision = 0, count = '0'] = asRow(apps);
        const put = ['app', String(revision), Number(count) + 1, now, 9, 0, 0, 0];
        const [isStored] = asRow(await store.run('app_put', put));
        if (isStored === 1) return;
      }
      throw new Error('a hundred attempts were not enough');
    };
    await atOnce(20, increment);
    expect(await under.store.run('apps_load', [-1])).toEqual([20, ['app', 20, '20'], []]);
  });

  test('what one writes the other hears of', async () => {
    const heard: string[] = [];
    stores[1].subscribe((channel, message) => heard.push(`${channel} ${message}`));
    await enqueue(stores[0], [sampleItem({ id: 'a', atMs: 5, scoreMs: 5 })]);
    await eventually(() => heard.includes(`${under.prefix}:wake 5 fn-1`), { intervalMs: 1 });
  });
});

function asRow(reply: Awaited<ReturnType<Store['run']>>) {
  if (!Array.isArray(reply)) throw new Error(`not a list: ${JSON.stringify(reply)}`);
  return reply;
}

/** Scripts that pause functions, code by code (lua/function_pause.lua, function_unpause.lua, functions_paused.lua). */
import { beforeEach, describe, expect, test } from 'bun:test';
import { accountId } from '../../../src/function/definition.ts';
import type { LeasedItem } from '../../../src/queue/item.ts';
import { dequeue, enqueue, peek, rebuild, scavenge } from '../../../src/queue/queue.ts';
import { idsOf, sampleItem, takeFrom, takeOne } from '../../queue/sample_item.ts';
import { fields, listenFor, type StoreUnderTest, scores } from '../../store_under_test.ts';
import { conformance } from './suite.ts';

conformance('function_pause', (engine) => {
  let under: StoreUnderTest;
  let store: StoreUnderTest['store'];
  let now: number;

  beforeEach(async () => {
    under = await engine.open();
    store = under.store;
    now = under.clock.now();
  });

  const pause = (id = 'fn-1') => store.run('function_pause', [now, id, accountId]);
  const unpause = (id = 'fn-1') => store.run('function_unpause', [id, accountId]);
  const partitions = () => scores(under, 'x:partitions');

  test('function_pause: code 1 takes the partition from the queue, code 0 changes nothing', async () => {
    await enqueue(store, [sampleItem({ id: 'a' }), sampleItem({ id: 'b', partition: 'fn-2' })]);
    const heard = await listenFor(under, 'paused');
    expect(await store.run('functions_paused', [])).toEqual([]);
    expect(await pause()).toBe(1);
    now += 5;
    expect(await pause()).toBe(0);
    expect(await partitions()).toEqual({ 'fn-2': 1_000 });
    expect(await store.run('functions_paused', [])).toEqual(['fn-1']);
    expect(await fields(under, 'paused')).toEqual({ 'fn-1': String(now - 5) });
    expect(await heard()).toEqual(['fn-1']);
  });

  test('what is queued, comes back or is taken over meanwhile waits, too', async () => {
    await enqueue(store, [sampleItem({ id: 'a' })]);
    const item = await takeOne(under, 'fn-1');
    await pause();
    await enqueue(store, [sampleItem({ id: 'b' })]);
    expect((await takeFrom(under, 'fn-1')).outcome).toBe('paused');
    await store.run('queue_postpone', [item.id, item.leaseToken, now]);
    expect((await takeFrom(under, 'fn-1')).outcome).toBe('paused');
    expect(await partitions()).toEqual({});
  });

  test('function_unpause: code 1 wakes the partition for its earliest item, code 0 changes nothing', async () => {
    await enqueue(store, [
      sampleItem({ id: 'a', scoreMs: 3_000 }),
      sampleItem({ id: 'b', scoreMs: 2_000 }),
    ]);
    await pause();
    const heard = await listenFor(under, 'wake');
    expect(await unpause()).toBe(1);
    expect(await unpause()).toBe(0);
    expect(await heard()).toEqual(['2000 fn-1']);
    expect(await partitions()).toEqual({ 'fn-1': 2_000 });
    expect(idsOf((await takeFrom(under, 'fn-1')).items)).toEqual(['b', 'a']);
    expect(await store.run('functions_paused', [])).toEqual([]);
  });

  test('a pause of a function without work, and its end, leave no pointer', async () => {
    await pause();
    const heard = await listenFor(under, 'wake');
    await unpause();
    expect(await heard()).toEqual([]);
    expect(await partitions()).toEqual({});
  });

  describe('room of a concurrency key that several functions share', () => {
    const concurrencyKeys = [{ key: 'e:1:a', limit: 1 }];
    const keyed = (id: string, partition: string) => sampleItem({ id, partition, concurrencyKeys });

    test('goes to the functions that are not paused', async () => {
      await enqueue(store, [keyed('a', 'fn-1')]);
      const holder = await takeOne(under, 'fn-1');
      await enqueue(store, [keyed('b', 'fn-1'), keyed('c', 'fn-1'), keyed('d', 'fn-2')]);
      for (const partition of ['fn-1', 'fn-2']) await takeFrom(under, partition);
      expect(Object.keys(await scores(under, 'x:backlog:e:1:a'))).toEqual(['b', 'c', 'd']);
      await pause();
      await dequeue(store, holder);
      expect(idsOf((await takeFrom(under, 'fn-2')).items)).toEqual(['d']);
      await unpause();
      expect((await takeFrom(under, 'fn-1')).items).toEqual([]);
    });

    test('that a function was just given when it was paused goes to the next', async () => {
      await enqueue(store, [keyed('a', 'fn-1')]);
      const holder = await takeOne(under, 'fn-1');
      await enqueue(store, [keyed('b', 'fn-1'), keyed('d', 'fn-2')]);
      for (const partition of ['fn-1', 'fn-2']) await takeFrom(under, partition);
      await dequeue(store, holder);
      await pause();
      expect(idsOf((await takeFrom(under, 'fn-2')).items)).toEqual(['d']);
    });

    /** More than one refill looks at. */
    const many = 600;

    /** fn-1 holds the key, and `many` items of its own wait for it before one of fn-2 does. */
    async function crowd(): Promise<LeasedItem> {
      await enqueue(store, [keyed('holder', 'fn-1')]);
      const holder = await takeOne(under, 'fn-1');
      const crowd = Array.from({ length: many }, (_, n) => keyed(`a${n}`, 'fn-1'));
      await enqueue(store, crowd);
      while ((await takeFrom(under, 'fn-1')).outcome === 'more');
      await enqueue(store, [sampleItem({ ...keyed('d', 'fn-2'), scoreMs: 1_001 })]);
      await takeFrom(under, 'fn-2');
      expect(await under.read('ZCARD', 'x:backlog:e:1:a')).toBe(many + 1);
      return holder;
    }

    /** Serves due partitions for as long as their pointers say so, as a processor does. */
    async function takenByAll(turnsMax: number): Promise<string[]> {
      const taken: string[] = [];
      for (let turn = 0; turn < turnsMax; turn += 1) {
        const due = await peek(store, now, 10);
        if (due.partitions.length === 0) break;
        for (const partition of due.partitions) {
          taken.push(...idsOf((await takeFrom(under, partition)).items));
        }
      }
      return taken;
    }

    test('gets past any number of items of a paused function, by its pointer alone', async () => {
      const holder = await crowd();
      await pause();
      await dequeue(store, holder);
      expect(await takenByAll(many)).toEqual(['d']);
      expect(await under.keys()).not.toContain('x:refill');
      expect(await partitions()).toEqual({});
    });

    test('gets past them when the function was let go on and paused again meanwhile', async () => {
      const holder = await crowd();
      await pause();
      await dequeue(store, holder);
      await unpause();
      await pause();
      expect(await takenByAll(many)).toEqual(['d']);
    });

    test('gets past them without a pointer, when abandoned items are looked for', async () => {
      const holder = await crowd();
      await pause();
      await dequeue(store, holder);
      for (const index of ['x:partitions', 'x:accounts', `x:account:${accountId}:partitions`]) {
        await under.read('DEL', index);
      }
      await scavenge(store, now, 10);
      expect(await takenByAll(many)).toEqual(['d']);
    });

    test('is found again after a restart', async () => {
      const holder = await crowd();
      await pause();
      await dequeue(store, holder);
      const ids = (await under.keys()).flatMap((key) =>
        key.startsWith('item:') ? key.slice('item:'.length) : [],
      );
      await under.forgetRebuildable();
      await rebuild(store, ids);
      expect(await takenByAll(many)).toEqual(['d']);
    });

    test('that a function was offered for any number of keys goes to the next when it is paused', async () => {
      const keyOf = (n: number) => [{ key: `k${n}`, limit: 1 }];
      const item = (id: string, partition: string, n: number) =>
        sampleItem({ id: `${id}${n}`, partition, concurrencyKeys: keyOf(n) });
      const numbers = Array.from({ length: many }, (_, n) => n);
      await enqueue(
        store,
        numbers.map((n) => item('held', 'fn-3', n)),
      );
      const holders: LeasedItem[] = [];
      while (holders.length < many) holders.push(...(await takeFrom(under, 'fn-3')).items);
      await enqueue(
        store,
        numbers.map((n) => item('a', 'fn-1', n)),
      );
      await enqueue(
        store,
        numbers.map((n) => item('b', 'fn-2', n)),
      );
      for (const partition of ['fn-1', 'fn-2']) {
        while ((await takeFrom(under, partition)).outcome === 'more');
      }
      for (const holder of holders) await dequeue(store, holder);
      expect(await under.read('ZCARD', 'x:ready:fn-1')).toBe(many);
      expect(await under.read('ZCARD', 'x:offered:fn-1')).toBe(many);
      await pause();
      expect(await takenByAll(many)).toHaveLength(many);
      expect(await partitions()).toEqual({});
    });

    test('that a function was offered several times goes to as many others', async () => {
      const triple = [{ key: 'k', limit: 3 }];
      const lot = (name: string, partition: string) =>
        [1, 2, 3, 4].map((n) =>
          sampleItem({ id: `${name}${n}`, partition, concurrencyKeys: triple }),
        );
      await enqueue(store, lot('held', 'fn-3').slice(0, 3));
      const holders = (await takeFrom(under, 'fn-3')).items;
      await enqueue(store, [...lot('a', 'fn-1'), ...lot('b', 'fn-2')]);
      for (const partition of ['fn-1', 'fn-2']) await takeFrom(under, partition);
      for (const holder of holders) await dequeue(store, holder);
      await pause();
      expect(await takenByAll(10)).toEqual(['b1', 'b2', 'b3']);
    });

    test('is noted as offered only until the item is taken', async () => {
      const holder = await crowd();
      await dequeue(store, holder);
      expect(await scores(under, 'x:offered:fn-1')).toEqual({ a0: 1_000 });
      const next = await takeOne(under, 'fn-1');
      expect(await scores(under, 'x:offered:fn-1')).toEqual({});
      await dequeue(store, next);
      expect(await scores(under, 'x:offered:fn-1')).toEqual({ a1: 1_000 });
    });
  });

  test('room of an account that a function was woken for goes to the next when it is paused', async () => {
    await enqueue(store, [
      sampleItem({ id: 'a' }),
      ...['fn-2', 'fn-3'].map((partition) => sampleItem({ id: partition, partition })),
    ]);
    const holder = await takeOne(under, 'fn-1', { accountLimit: 1 });
    for (const partition of ['fn-2', 'fn-3']) {
      under.clock.advance(1);
      await takeFrom(under, partition, { accountLimit: 1 });
    }
    await dequeue(store, holder);
    expect(await partitions()).toEqual({ 'fn-2': 1_000 });
    await pause('fn-2');
    expect(await partitions()).toEqual({ 'fn-3': 1_000 });
  });
});

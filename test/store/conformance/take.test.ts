/** queue_take, code by code: what is handed out, in which order, and what waits for which limit. */
import { beforeEach, describe, expect, test } from 'bun:test';
import { accountId } from '../../../src/function/definition.ts';
import { dequeue, enqueue, peek } from '../../../src/queue/queue.ts';
import { idsOf, leaseMs, sampleItem, takeFrom, takeOne } from '../../queue/sample_item.ts';
import { listenFor, type StoreUnderTest, scores } from '../../store_under_test.ts';
import { conformance } from './suite.ts';

conformance('take', (engine) => {
  let under: StoreUnderTest;
  let store: StoreUnderTest['store'];
  let now: number;

  beforeEach(async () => {
    under = await engine.open();
    store = under.store;
    now = under.clock.now();
  });

  const due = (id: string, changes: Parameters<typeof sampleItem>[0] | object = {}) =>
    sampleItem({ id, atMs: now, scoreMs: now, ...changes });

  /** Ends a run, of which there need not be more than its items. */
  async function cancel(runId: string): Promise<void> {
    await under.read('HSET', `run:${runId}`, 'm', '{}');
    expect(await store.run('run_finish', ['', '', runId, 0, 0])).toBe(1);
  }

  describe('queue_take', () => {
    test('code 0: hands out what is due, oldest score first, and no more is', async () => {
      await enqueue(store, [
        due('b'),
        due('a', { scoreMs: now - 1 }),
        due('z', { scoreMs: now + 1 }),
      ]);
      const { outcome, items } = await takeFrom(under, 'fn-1');
      expect(outcome).toBe('empty');
      expect(idsOf(items)).toEqual(['a', 'b']);
      expect(items[0]).toMatchObject({
        partition: 'fn-1',
        kind: 'edge',
        atMs: now,
        attempt: 0,
        attemptsMax: 5,
        generation: 0,
        scavenged: 0,
        data: '{}',
        cursor: 0,
      });
      expect(await scores(under, 'x:partitions')).toEqual({ 'fn-1': now + 1 });
      expect(await scores(under, 'x:leased:fn-1')).toEqual({ a: now + leaseMs, b: now + leaseMs });
    });

    test('code 1: more is due; other processes stay away until the lease on the partition ends (code -2)', async () => {
      await enqueue(store, [due('a'), due('b'), due('c')]);
      expect((await takeFrom(under, 'fn-1', { itemsMax: 1 })).outcome).toBe('more');
      const other = { process: 'p2', itemsMax: 1 };
      expect(await takeFrom(under, 'fn-1', other)).toEqual({
        outcome: 'leased_elsewhere',
        items: [],
      });
      expect((await takeFrom(under, 'fn-1', { itemsMax: 1 })).outcome).toBe('more');
      under.clock.advance(4_000);
      expect(idsOf((await takeFrom(under, 'fn-1', other)).items)).toEqual(['c']);
    });

    test('code -4: nothing of a paused function, and its account’s room goes to another that waits', async () => {
      await enqueue(store, [due('a'), due('b', { partition: 'fn-2' })]);
      const full = await takeOne(under, 'fn-1', { accountLimit: 1 });
      expect((await takeFrom(under, 'fn-2', { accountLimit: 1 })).outcome).toBe('account_limit');
      await store.run('function_pause', [now, 'fn-1', accountId]);
      await enqueue(store, [due('c')]);
      await dequeue(store, full);
      // Both were woken, and the one that may not be served first gives its turn away.
      expect(await takeFrom(under, 'fn-1', { accountLimit: 1 })).toEqual({
        outcome: 'paused',
        items: [],
      });
      expect(Object.keys(await scores(under, 'x:partitions'))).toEqual(['fn-2']);
      expect(idsOf((await takeFrom(under, 'fn-2', { accountLimit: 1 })).items)).toEqual(['b']);
    });

    test('the lease on the partition goes when nothing more is due', async () => {
      await enqueue(store, [due('a')]);
      await takeFrom(under, 'fn-1');
      await enqueue(store, [due('b')]);
      expect((await takeFrom(under, 'fn-1', { process: 'p2' })).outcome).toBe('empty');
    });

    test('the lease on the partition goes with the last due item of several', async () => {
      await enqueue(store, [due('a'), due('b'), due('later', { scoreMs: now + 50 })]);
      expect((await takeFrom(under, 'fn-1', { itemsMax: 1 })).outcome).toBe('more');
      expect((await takeFrom(under, 'fn-1')).outcome).toBe('empty');
      await enqueue(store, [due('c')]);
      expect(idsOf((await takeFrom(under, 'fn-1', { process: 'p2' })).items)).toEqual(['c']);
    });

    test('code 0: tells when the rest of the partition is due', async () => {
      await enqueue(store, [due('a'), due('z', { scoreMs: now + 7 })]);
      const heard = await listenFor(under, 'wake');
      expect((await takeFrom(under, 'fn-1')).outcome).toBe('empty');
      expect(await heard()).toEqual([`${now + 7} fn-1`]);
    });

    test('code -1: at the limit of the function nothing is handed out until an item is done', async () => {
      await enqueue(store, [due('a'), due('b'), due('c')]);
      const limited = { functionLimit: 2 };
      const { outcome, items } = await takeFrom(under, 'fn-1', limited);
      expect([outcome, idsOf(items)]).toEqual(['more', ['a', 'b']]);
      expect((await takeFrom(under, 'fn-1', limited)).outcome).toBe('function_limit');
      expect((await peek(store, now, 10)).partitions).toEqual([]);
      const [first] = items;
      if (first) await dequeue(store, first);
      expect((await peek(store, now, 10)).partitions).toEqual(['fn-1']);
      expect(idsOf((await takeFrom(under, 'fn-1', limited)).items)).toEqual(['c']);
    });

    test('code -1: who meets the limit gives the partition up', async () => {
      await enqueue(store, [due('a'), due('b'), due('c')]);
      const limited = { functionLimit: 1 };
      const a = await takeOne(under, 'fn-1', limited);
      expect((await takeFrom(under, 'fn-1', limited)).outcome).toBe('function_limit');
      await dequeue(store, a);
      const other = await takeFrom(under, 'fn-1', { ...limited, process: 'p2' });
      expect(idsOf(other.items)).toEqual(['b']);
    });

    test('a lease that has expired no longer counts against the function', async () => {
      await enqueue(store, [due('a'), due('b')]);
      await takeFrom(under, 'fn-1', { functionLimit: 1 });
      under.clock.advance(leaseMs + 1);
      expect(idsOf((await takeFrom(under, 'fn-1', { functionLimit: 1 })).items)).toEqual(['b']);
    });

    test('code -3: at the limit of the account its partitions wait, and each release wakes one', async () => {
      await enqueue(store, [
        due('a'),
        due('b', { partition: 'fn-2' }),
        due('c', { partition: 'fn-3' }),
      ]);
      const item = await takeOne(under, 'fn-1', { accountLimit: 1 });
      expect((await takeFrom(under, 'fn-2', { accountLimit: 1 })).outcome).toBe('account_limit');
      expect((await takeFrom(under, 'fn-3', { accountLimit: 1 })).outcome).toBe('account_limit');
      expect((await peek(store, now, 10)).partitions).toEqual([]);
      await dequeue(store, item);
      expect((await peek(store, now, 10)).partitions).toEqual(['fn-2']);
    });

    test('a partition that waits for the account but has no work any more does not use up a wake-up', async () => {
      await enqueue(store, [due('a'), due('b'), due('c', { partition: 'fn-2' })]);
      const one = { accountLimit: 1, itemsMax: 1 };
      const a = await takeOne(under, 'fn-1', one);
      await takeFrom(under, 'fn-2', one);
      under.clock.advance(1);
      await takeFrom(under, 'fn-1', one);
      await dequeue(store, a);
      const b = await takeOne(under, 'fn-1', one);
      under.clock.advance(1);
      await takeFrom(under, 'fn-2', one);
      await dequeue(store, b);
      expect((await peek(store, under.clock.now(), 10)).partitions).toEqual(['fn-2']);
    });

    test('a partition that was woken for room of the account and is at its own limit passes it on', async () => {
      await enqueue(store, [due('a1'), due('a2'), due('b', { partition: 'fn-2' })]);
      await enqueue(store, [due('c1', { partition: 'fn-3' }), due('c2', { partition: 'fn-3' })]);
      const limit = { accountLimit: 3 };
      await takeOne(under, 'fn-1', limit);
      const { items } = await takeFrom(under, 'fn-3', limit);
      expect((await takeFrom(under, 'fn-1', limit)).outcome).toBe('account_limit');
      under.clock.advance(1);
      expect((await takeFrom(under, 'fn-2', limit)).outcome).toBe('account_limit');
      const served = async () => (await peek(store, under.clock.now(), 10)).partitions;
      const [c1, c2] = items;
      if (c1 && c2) await dequeue(store, c1);
      expect(await served()).toEqual(['fn-1']);
      const lowered = { ...limit, functionLimit: 1 };
      expect((await takeFrom(under, 'fn-1', lowered)).outcome).toBe('function_limit');
      expect(await served()).toEqual(['fn-2']);
    });

    test('room of the account that a partition cannot use because of a key goes to the next', async () => {
      const keyed = { concurrencyKeys: [{ key: 'k', limit: 1 }] };
      await enqueue(store, [
        due('holds-k', { ...keyed, partition: 'fn-3' }),
        due('other', { partition: 'fn-3' }),
      ]);
      await enqueue(store, [due('wants-k', keyed), due('b', { partition: 'fn-2' })]);
      const limit = { accountLimit: 2 };
      const { items } = await takeFrom(under, 'fn-3', limit);
      await takeFrom(under, 'fn-1', limit);
      under.clock.advance(1);
      await takeFrom(under, 'fn-2', limit);
      const other = items.find(({ id }) => id === 'other');
      if (other) await dequeue(store, other);
      expect(await takeFrom(under, 'fn-1', limit)).toEqual({ outcome: 'empty', items: [] });
      expect((await peek(store, under.clock.now(), 10)).partitions).toEqual(['fn-2']);
    });

    test('a partition at its own limit wakes nobody while the account is full', async () => {
      await enqueue(store, [due('a1'), due('a2'), due('b', { partition: 'fn-2' })]);
      const limit = { accountLimit: 1, itemsMax: 1 };
      await takeOne(under, 'fn-1', limit);
      expect((await takeFrom(under, 'fn-2', limit)).outcome).toBe('account_limit');
      const lowered = { ...limit, functionLimit: 1 };
      expect((await takeFrom(under, 'fn-1', lowered)).outcome).toBe('function_limit');
      expect((await peek(store, now, 10)).partitions).toEqual([]);
    });

    test('an item whose concurrency key is taken waits in its backlog and lets others pass', async () => {
      const keyed = { concurrencyKeys: [{ key: 'k', limit: 1 }] };
      await enqueue(store, [due('a', keyed), due('b', keyed), due('c')]);
      const { items } = await takeFrom(under, 'fn-1');
      expect(idsOf(items)).toEqual(['a', 'c']);
      expect(await scores(under, 'x:backlog:k')).toEqual({ b: now });
      const [a] = items;
      if (a) await dequeue(store, a);
      expect(await scores(under, 'x:backlog:k')).toEqual({});
      expect(idsOf((await takeFrom(under, 'fn-1')).items)).toEqual(['b']);
    });

    test('a backlog goes on when the item that was let out of it is removed before it is taken', async () => {
      const keyed = { concurrencyKeys: [{ key: 'k', limit: 1 }] };
      await enqueue(store, [due('a', keyed), due('b', { ...keyed, runId: 'r' }), due('c', keyed)]);
      const a = await takeOne(under, 'fn-1');
      await takeFrom(under, 'fn-1');
      await dequeue(store, a);
      // The run of `b`, which is ready now.
      await cancel('r');
      expect(idsOf((await takeFrom(under, 'fn-1')).items)).toEqual(['c']);
    });

    test('an item that is removed while it waits for a key lets nobody past who holds it', async () => {
      const keyed = { concurrencyKeys: [{ key: 'k', limit: 1 }] };
      await enqueue(store, [due('a', keyed), due('b', { ...keyed, runId: 'r' }), due('c', keyed)]);
      const a = await takeOne(under, 'fn-1');
      await takeFrom(under, 'fn-1');
      await cancel('r');
      expect(await scores(under, 'x:backlog:k')).toEqual({ c: now });
      expect(await scores(under, 'x:ready:fn-1')).toEqual({});
      await dequeue(store, a);
      expect(idsOf((await takeFrom(under, 'fn-1')).items)).toEqual(['c']);
    });

    test('room of the account goes on when the item that was to use it is removed', async () => {
      await enqueue(store, [due('a'), due('b', { partition: 'fn-2', runId: 'r' })]);
      await enqueue(store, [due('c', { partition: 'fn-3' })]);
      const limit = { accountLimit: 1 };
      const a = await takeOne(under, 'fn-1', limit);
      await takeFrom(under, 'fn-2', limit);
      under.clock.advance(1);
      await takeFrom(under, 'fn-3', limit);
      await dequeue(store, a);
      const served = async () => (await peek(store, under.clock.now(), 10)).partitions;
      expect(await served()).toEqual(['fn-2']);
      await cancel('r');
      expect(await served()).toEqual(['fn-3']);
    });

    test('an item that moves on to wait for another key gives the first key to the next', async () => {
      const z = { key: 'z', limit: 1 };
      const y = { key: 'y', limit: 1 };
      await enqueue(store, [due('holds-y', { concurrencyKeys: [y] })]);
      await takeOne(under, 'fn-1');
      await enqueue(store, [due('holds-z', { concurrencyKeys: [z] })]);
      const holder = await takeOne(under, 'fn-1');
      await enqueue(store, [due('wants-both', { concurrencyKeys: [y, z] })]);
      await enqueue(store, [due('wants-z', { concurrencyKeys: [z], scoreMs: now })]);
      await takeFrom(under, 'fn-1');
      expect(Object.keys(await scores(under, 'x:backlog:z'))).toEqual(['wants-both', 'wants-z']);
      await dequeue(store, holder);
      const first = await takeFrom(under, 'fn-1');
      const second = await takeFrom(under, 'fn-1');
      expect(idsOf([...first.items, ...second.items])).toEqual(['wants-z']);
      expect(Object.keys(await scores(under, 'x:backlog:y'))).toEqual(['wants-both']);
    });

    test('hands out at most 8 MiB at once but always one item, and leaves the rest as it was (code 1)', async () => {
      const megabytes = (count: number) => ({ data: 'x'.repeat(count * 1024 * 1024) });
      await enqueue(store, [due('a', megabytes(9)), due('b', megabytes(5))]);
      await enqueue(store, [due('c', megabytes(3)), due('d', { data: '{}' })]);
      const first = await takeFrom(under, 'fn-1');
      expect([first.outcome, idsOf(first.items)]).toEqual(['more', ['a']]);
      expect(Object.keys(await scores(under, 'x:ready:fn-1'))).toEqual(['b', 'c', 'd']);
      expect(Object.keys(await scores(under, 'x:leases'))).toEqual(['a']);
      const second = await takeFrom(under, 'fn-1');
      expect([second.outcome, idsOf(second.items)]).toEqual(['more', ['b', 'c']]);
      const last = await takeFrom(under, 'fn-1');
      expect([last.outcome, idsOf(last.items)]).toEqual(['empty', ['d']]);
    });

    test('a big item that has to wait for its key makes way for the next', async () => {
      const big = 'x'.repeat(9 * 1024 * 1024);
      const keyed = { data: big, concurrencyKeys: [{ key: 'k', limit: 1 }] };
      await enqueue(store, [due('a', keyed)]);
      await takeOne(under, 'fn-1');
      await enqueue(store, [due('b', keyed), due('c')]);
      expect(await takeFrom(under, 'fn-1')).toEqual({ outcome: 'more', items: [] });
      expect(idsOf((await takeFrom(under, 'fn-1')).items)).toEqual(['c']);
    });

    test('two keys of one item count both', async () => {
      const keys = ['k1', 'k2'].map((key) => ({ key, limit: 1 }));
      await enqueue(store, [due('a', { concurrencyKeys: keys })]);
      const a = await takeOne(under, 'fn-1');
      for (const key of ['k1', 'k2']) {
        await enqueue(store, [due(`wants-${key}`, { concurrencyKeys: [{ key, limit: 1 }] })]);
      }
      expect((await takeFrom(under, 'fn-1')).items).toEqual([]);
      await dequeue(store, a);
      expect(idsOf((await takeFrom(under, 'fn-1')).items)).toEqual(['wants-k1', 'wants-k2']);
    });

    test('a limit of 0 is no limit', async () => {
      const keyed = { concurrencyKeys: [{ key: 'k', limit: 0 }] };
      await enqueue(store, [due('a', keyed), due('b', keyed)]);
      expect((await takeFrom(under, 'fn-1')).items).toHaveLength(2);
    });
  });
});

/** The queue's scripts but queue_take, code by code (lua/queue_*.lua). */
import { beforeEach, describe, expect, test } from 'bun:test';
import { accountId } from '../../../src/function/definition.ts';
import { queueDepth } from '../../../src/queue/depth.ts';
import {
  accountsWithWork,
  dequeue,
  enqueue,
  extend,
  peek,
  postpone,
  rebuild,
  releasePartition,
  requeue,
  returnTaken,
  scavenge,
} from '../../../src/queue/queue.ts';
import { claimRole } from '../../../src/queue/role.ts';
import { idsOf, leaseMs, sampleItem, takeFrom, takeOne } from '../../queue/sample_item.ts';
import { list, listenFor, members, type StoreUnderTest, scores } from '../../store_under_test.ts';
import { itemsOfRun } from './invariants.ts';
import { conformance } from './suite.ts';

conformance('queue', (engine) => {
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

  describe('queue_enqueue', () => {
    test('adds items and says how many were new', async () => {
      expect(await enqueue(store, [due('a'), due('b')])).toBe(2);
      expect(await enqueue(store, [due('b'), due('c')])).toBe(1);
      expect(await scores(under, 'x:ready:fn-1')).toEqual({ a: now, b: now, c: now });
    });

    test('leaves an item that exists as it is, leased or not', async () => {
      await enqueue(store, [due('a', { data: '"first"' })]);
      const item = await takeOne(under, 'fn-1');
      expect(await enqueue(store, [due('a', { data: '"second"' })])).toBe(0);
      expect(await scores(under, 'x:ready:fn-1')).toEqual({});
      await requeue(store, item, { nowMs: now, isAttempt: false, delaysMs: [0] });
      expect((await takeOne(under, 'fn-1')).data).toBe('"first"');
    });

    test('points at the earliest item of partition and account', async () => {
      await enqueue(store, [
        due('late', { scoreMs: now + 50 }),
        due('early', { scoreMs: now + 5 }),
      ]);
      await enqueue(store, [due('middle', { scoreMs: now + 20 })]);
      expect(await scores(under, 'x:partitions')).toEqual({ 'fn-1': now + 5 });
      expect(await scores(under, 'x:accounts')).toEqual({ [accountId]: now + 5 });
      expect(await scores(under, `x:account:${accountId}:partitions`)).toEqual({ 'fn-1': now + 5 });
    });

    test('wakes listeners only when the pointer moves', async () => {
      const heard = await listenFor(under, 'wake');
      await enqueue(store, [due('a'), due('b')]);
      await enqueue(store, [due('c', { scoreMs: now - 10 })]);
      expect(await heard()).toEqual([`${now} fn-1`, `${now - 10} fn-1`]);
    });

    test('tells nobody who has stopped listening', async () => {
      const heard: string[] = [];
      const stop = store.subscribe((_, message) => heard.push(message));
      stop();
      const others = await listenFor(under, 'wake');
      await enqueue(store, [due('a')]);
      expect(await others()).toEqual([`${now} fn-1`]);
      expect(heard).toEqual([]);
    });
  });

  describe('queue_peek and queue_accounts', () => {
    test('name due partitions in pointer order and the time of the next one', async () => {
      await enqueue(store, [
        due('a', { partition: 'fn-2', scoreMs: now - 5 }),
        due('b', { partition: 'fn-1' }),
        due('c', { partition: 'fn-3', scoreMs: now + 70 }),
        due('d', { partition: 'timers', scoreMs: now + 60 }),
      ]);
      expect(await peek(store, now, 10)).toEqual({
        partitions: ['fn-2', 'fn-1'],
        nextMs: now + 60,
      });
      expect(await peek(store, now, 1)).toEqual({ partitions: ['fn-2'], nextMs: now + 60 });
      expect(await peek(store, now, 10, 'system')).toEqual({ partitions: [], nextMs: now + 60 });
      expect(await accountsWithWork(store, now, 10)).toEqual([accountId]);
      expect(await accountsWithWork(store, now + 60, 10)).toEqual([accountId, 'system']);
    });

    test('say so when nothing waits', async () => {
      expect(await peek(store, now, 10)).toEqual({ partitions: [], nextMs: null });
      expect(await accountsWithWork(store, now, 10)).toEqual([]);
    });
  });

  describe('queue_depth', () => {
    test('counts every item once, by what it waits for', async () => {
      const keyed = { concurrencyKeys: [{ key: 'k', limit: 1 }], partition: 'fn-2' };
      await enqueue(store, [
        due('works'),
        due('no-room'),
        due('sleeps-without-room', { scoreMs: now + 60_000 }),
        due('has-key', keyed),
        due('wants-key', keyed),
        due('waits', { partition: 'fn-3' }),
        due('fires-later', { partition: 'timers', scoreMs: now + 60_000 }),
      ]);
      await takeFrom(under, 'fn-1', { functionLimit: 1 });
      await takeFrom(under, 'fn-1', { functionLimit: 1 });
      await takeFrom(under, 'fn-2');
      expect(await queueDepth(store, now, ['fn-1', 'fn-2', 'fn-3'])).toEqual({
        due: 1,
        scheduled: 2,
        limited: 2,
        running: 2,
      });
    });

    test('counts partitions page by page', async () => {
      const many = Array.from({ length: 450 }, (_, index) =>
        due(`i${index}`, { partition: `fn-${index}` }),
      );
      await enqueue(store, many);
      const names = many.map(({ partition }) => partition);
      const all = { due: 450, scheduled: 0, limited: 0, running: 0 };
      expect(await queueDepth(store, now, names)).toEqual(all);
      expect(await queueDepth(store, now, [])).toEqual(all);
    });

    test('finds nothing in an empty queue', async () => {
      const none = { due: 0, scheduled: 0, limited: 0, running: 0 };
      expect(await queueDepth(store, now, ['fn-1'])).toEqual(none);
    });

    test('an item that was held back for a key counts as due once it may go on', async () => {
      const keyed = { concurrencyKeys: [{ key: 'k', limit: 1 }] };
      await enqueue(store, [due('a', keyed), due('b', keyed)]);
      const { items } = await takeFrom(under, 'fn-1');
      const [a] = items;
      expect(await queueDepth(store, now, ['fn-1'])).toMatchObject({ limited: 1, due: 0 });
      if (a) await dequeue(store, a);
      expect(await queueDepth(store, now, ['fn-1'])).toMatchObject({ limited: 0, due: 1 });
      expect(await members(under, 'x:held')).toEqual([]);
    });
  });

  describe('queue_extend', () => {
    test('moves every expiry of an item and names lost leases', async () => {
      const keyed = { concurrencyKeys: [{ key: 'k', limit: 9 }] };
      await enqueue(store, [due('a', keyed), due('b')]);
      const { items } = await takeFrom(under, 'fn-1');
      const stale = items.map((item) =>
        item.id === 'b' ? { ...item, leaseToken: 'other' } : item,
      );
      expect(await extend(store, stale, now + 99_000)).toEqual(['b']);
      const until = { a: now + 99_000, b: now + leaseMs };
      expect(await scores(under, 'x:leases')).toEqual(until);
      expect(await scores(under, 'x:leased:fn-1')).toEqual(until);
      expect(await scores(under, `x:inflight:a:${accountId}`)).toEqual(until);
      expect(await scores(under, 'x:inflight:k')).toEqual({ a: now + 99_000 });
    });

    test('does not bring back an item that is gone', async () => {
      await enqueue(store, [due('a')]);
      const item = await takeOne(under, 'fn-1');
      await dequeue(store, item);
      expect(await extend(store, [item], now + 99_000)).toEqual(['a']);
      expect(await under.keys()).toEqual([]);
    });
  });

  describe('queue_dequeue', () => {
    test('code 1: removes a leased item, tells its facts and leaves nothing behind', async () => {
      await enqueue(store, [due('a', { runId: 'r', concurrencyKeys: [{ key: 'k', limit: 1 }] })]);
      expect(await itemsOfRun(under, 'r')).toEqual(['a']);
      expect(await dequeue(store, await takeOne(under, 'fn-1'), ['"fact"'])).toBe(true);
      expect(await under.keys()).toEqual(['outbox']);
      expect(await list(under, 'outbox')).toEqual(['"fact"']);
    });

    test('a run knows the items that are left, whichever goes first', async () => {
      const ids = ['a', 'b', 'c'];
      for (const [gone, ...left] of [ids, ['b', 'a', 'c'], ['c', 'a', 'b']]) {
        await enqueue(
          store,
          ids.map((id) => due(id, { runId: 'r' })),
        );
        expect(await itemsOfRun(under, 'r')).toEqual(ids);
        const { items } = await takeFrom(under, 'fn-1');
        const of = (id: string | undefined) => items.filter((item) => item.id === id);
        for (const item of of(gone)) await dequeue(store, item);
        expect(await itemsOfRun(under, 'r')).toEqual(left);
        // Its place is free for another.
        await enqueue(store, [due('d', { runId: 'r' })]);
        expect(await itemsOfRun(under, 'r')).toEqual([...left, 'd']);
        items.push(await takeOne(under, 'fn-1'));
        for (const id of [...left, 'd']) for (const item of of(id)) await dequeue(store, item);
        expect(await under.keys()).toEqual([]);
      }
    });

    test('code 0: a lost lease or a missing item changes nothing', async () => {
      await enqueue(store, [due('a')]);
      const item = await takeOne(under, 'fn-1');
      expect(await dequeue(store, { ...item, leaseToken: 'other' }, ['"fact"'])).toBe(false);
      expect(await dequeue(store, { ...item, id: 'missing' })).toBe(false);
      expect(await under.keys()).not.toContain('outbox');
      expect(await scores(under, 'x:leases')).toEqual({ a: now + leaseMs });
    });
  });

  describe('queue_requeue', () => {
    test('returns the due time and counts attempt and generation', async () => {
      await enqueue(store, [due('a')]);
      const delaysMs = [10, 20, 40];
      const seen: unknown[] = [];
      for (let round = 0; round < 4; round += 1) {
        const item = await takeOne(under, 'fn-1');
        seen.push([item.attempt, item.generation]);
        const nowMs = under.clock.now();
        const put = await requeue(store, item, { nowMs, isAttempt: true, delaysMs });
        const delayMs = delaysMs[Math.min(round, 2)] ?? 0;
        expect(put).toEqual({ kind: 'queued', atMs: nowMs + delayMs });
        expect((await takeFrom(under, 'fn-1')).items).toEqual([]);
        under.clock.advance(delayMs);
      }
      expect(seen).toEqual([
        [0, 0],
        [1, 1],
        [2, 2],
        [3, 3],
      ]);
      expect((await takeOne(under, 'fn-1')).attempt).toBe(4);
    });

    test('does not count a try that is no attempt', async () => {
      await enqueue(store, [due('a')]);
      const item = await takeOne(under, 'fn-1');
      await requeue(store, item, { nowMs: now, isAttempt: false, delaysMs: [0] });
      expect(await takeOne(under, 'fn-1')).toMatchObject({ attempt: 0, generation: 1 });
    });

    test('code -2: all attempts are used, nothing changes', async () => {
      await enqueue(store, [due('a', { attemptsMax: 1 })]);
      const item = await takeOne(under, 'fn-1');
      const how = { nowMs: now, isAttempt: true, delaysMs: [5], facts: ['"fact"'] };
      expect(await requeue(store, item, how)).toEqual({ kind: 'exhausted' });
      expect(await scores(under, 'x:leases')).toEqual({ a: now + leaseMs });
      expect(await under.keys()).not.toContain('outbox');
      const put = await requeue(store, item, { ...how, isAttempt: false });
      expect(put).toEqual({ kind: 'queued', atMs: now + 5 });
    });

    test('code 0: the lease is lost or the item gone', async () => {
      await enqueue(store, [due('a')]);
      const item = await takeOne(under, 'fn-1');
      const how = { nowMs: now, isAttempt: true, delaysMs: [5] };
      const other = { ...item, leaseToken: 'other' };
      expect(await requeue(store, other, how)).toEqual({ kind: 'gone' });
      await dequeue(store, item);
      expect(await requeue(store, item, how)).toEqual({ kind: 'gone' });
    });

    test('gives capacity back and tells its facts', async () => {
      const keyed = { concurrencyKeys: [{ key: 'k', limit: 1 }] };
      await enqueue(store, [due('a', keyed), due('b', keyed)]);
      const item = await takeOne(under, 'fn-1');
      await takeFrom(under, 'fn-1');
      await requeue(store, item, { nowMs: now, isAttempt: true, delaysMs: [9], facts: ['"f"'] });
      expect((await takeOne(under, 'fn-1')).id).toBe('b');
      expect(await list(under, 'outbox')).toEqual(['"f"']);
    });
  });

  describe('queue_scavenge', () => {
    test('puts items of a dead process back with the same attempt', async () => {
      await enqueue(store, [due('a'), due('b')]);
      const a = await takeOne(under, 'fn-1');
      await requeue(store, a, { nowMs: now, isAttempt: true, delaysMs: [0] });
      const { items } = await takeFrom(under, 'fn-1');
      expect(await scavenge(store, now, 10)).toEqual({ count: 0, nextMs: now + leaseMs });
      under.clock.advance(leaseMs);
      expect(await scavenge(store, under.clock.now(), 1)).toEqual({
        count: 1,
        nextMs: now + leaseMs,
      });
      expect(await scavenge(store, under.clock.now(), 10)).toEqual({ count: 1, nextMs: null });
      const again = await takeFrom(under, 'fn-1');
      expect(
        again.items.map(({ id, attempt, generation, scavenged }) => [
          id,
          attempt,
          generation,
          scavenged,
        ]),
      ).toEqual([
        ['a', 1, 2, 1],
        ['b', 0, 1, 1],
      ]);
      for (const stale of items) expect(await dequeue(store, stale)).toBe(false);
    });

    test('forgets the lease of an item that is gone', async () => {
      await enqueue(store, [due('a')]);
      await takeOne(under, 'fn-1');
      await under.read('DEL', 'item:a');
      expect(await scavenge(store, now + leaseMs, 10)).toEqual({ count: 1, nextMs: null });
      expect((await under.keys()).filter((key) => /^x:leases?$/.test(key))).toEqual([]);
    });

    test('leaves a renewed lease alone', async () => {
      await enqueue(store, [due('a')]);
      const item = await takeOne(under, 'fn-1');
      under.clock.advance(15_000);
      await extend(store, [item], under.clock.now() + leaseMs);
      under.clock.advance(15_000);
      expect((await scavenge(store, under.clock.now(), 10)).count).toBe(0);
    });

    test('lets the backlog of a dead process’s key go on', async () => {
      const keyed = { concurrencyKeys: [{ key: 'k', limit: 1 }] };
      await enqueue(store, [due('a', keyed), due('b', keyed)]);
      await takeOne(under, 'fn-1');
      await takeFrom(under, 'fn-1');
      under.clock.advance(leaseMs);
      await scavenge(store, under.clock.now(), 10);
      const first = await takeOne(under, 'fn-1');
      // It has kept its place.
      expect(first.id).toBe('a');
      await dequeue(store, first);
      expect(idsOf((await takeFrom(under, 'fn-1')).items)).toEqual(['b']);
    });
  });

  describe('queue_rebuild', () => {
    test('makes every item ready again after a restart, whatever it was doing', async () => {
      const keyed = { concurrencyKeys: [{ key: 'k', limit: 1 }] };
      await enqueue(store, [
        due('a', { ...keyed, runId: 'r' }),
        due('b', { ...keyed, runId: 'r' }),
        due('later', { partition: 'timers', scoreMs: now + 500 }),
      ]);
      await takeFrom(under, 'fn-1');
      await under.forgetRebuildable();
      expect(await rebuild(store, ['a', 'b', 'later', 'gone'])).toBe(3);
      expect(await scores(under, 'x:partitions')).toEqual({ 'fn-1': now, timers: now + 500 });
      expect(await itemsOfRun(under, 'r')).toEqual(['a', 'b']);
      expect(idsOf((await takeFrom(under, 'fn-1')).items)).toEqual(['a']);
      expect(await scores(under, 'x:backlog:k')).toEqual({ b: now });
    });

    test('takes known records at their word and looks up the others', async () => {
      await enqueue(store, [due('a', { runId: 'r' }), due('b'), due('c', { partition: 'fn-2' })]);
      const before = await under.dump();
      await under.forgetRebuildable();
      const known = ['fn-1', accountId, 'edge', 2, now, 'a', now, 'b', 'r', ''];
      expect(await store.run('queue_rebuild', [1, 'c', 1, ...known])).toBe(3);
      expect(await under.dump()).toEqual(before);
    });

    test('lists every item of a run once, however many it has and however often they are named', async () => {
      const items = ['a', 'b', 'c'].map((id) => due(id, { runId: 'r' }));
      await enqueue(store, [...items, due('alone', { runId: 'other' })]);
      await under.forgetRebuildable();
      await rebuild(store, ['b', 'a', 'b', 'alone']);
      await rebuild(store, ['b', 'c', 'a', 'alone']);
      expect(await itemsOfRun(under, 'r')).toEqual(['a', 'b', 'c']);
      expect(await itemsOfRun(under, 'other')).toEqual(['alone']);
    });

    test('finds nothing to make ready of items that are gone', async () => {
      expect(await rebuild(store, ['gone'])).toBe(0);
      expect(await under.keys()).toEqual([]);
    });
  });

  describe('queue_ahead', () => {
    const ahead = (id: string) => store.run('queue_ahead', ['fn-1', id]);

    test('counts the items under way that were due before, in the order in which they are taken', async () => {
      await enqueue(store, [due('a'), due('b'), due('c'), due('early', { scoreMs: now - 1 })]);
      await enqueue(store, [due('elsewhere', { partition: 'fn-2', scoreMs: now - 2 })]);
      expect(await ahead('c')).toBe(3);
      const { items } = await takeFrom(under, 'fn-1', { itemsMax: 3 });
      await takeFrom(under, 'fn-2');
      expect(idsOf(items)).toEqual(['early', 'a', 'b']);
      expect(await Promise.all(['early', 'a', 'b', 'c'].map(ahead))).toEqual([0, 1, 2, 3]);
      for (const item of items.slice(1)) await dequeue(store, item);
      expect(await ahead('c')).toBe(1);
    });

    test('code -1: the item is gone', async () => {
      expect(await ahead('gone')).toBe(-1);
    });
  });

  describe('queue_return', () => {
    test('puts back what was handed out under a token, as it was, for anybody', async () => {
      await enqueue(store, [due('a'), due('b'), due('c')]);
      const lost = await takeFrom(under, 'fn-1', { itemsMax: 2 });
      const known = await takeFrom(under, 'fn-1', { itemsMax: 1 });
      const token = lost.items[0]?.leaseToken ?? '';
      expect(idsOf(lost.items)).toEqual(['a', 'b']);
      under.clock.advance(5);
      const request = { partition: 'fn-1', leaseToken: token };
      expect(await returnTaken(store, request)).toBe(2);
      const again = await takeFrom(under, 'fn-1');
      expect(idsOf(again.items)).toEqual(['a', 'b']);
      expect(again.items).toMatchObject([
        { attempt: 0, generation: 1, scavenged: 0, atMs: now },
        { attempt: 0, generation: 1, scavenged: 0, atMs: now },
      ]);
      // What somebody works on stays with them.
      expect(known.items[0] && (await dequeue(store, known.items[0]))).toBe(true);
    });

    test('finds nothing for a token that nothing was handed out under', async () => {
      await enqueue(store, [due('a')]);
      await takeFrom(under, 'fn-1');
      const request = { partition: 'fn-1', leaseToken: 'unknown' };
      expect(await returnTaken(store, request)).toBe(0);
    });

    test('refuses the lost call should it come after all', async () => {
      await enqueue(store, [due('a')]);
      await returnTaken(store, { partition: 'fn-1', leaseToken: 'late' });
      const late = await takeFrom(under, 'fn-1', { leaseToken: 'late' });
      expect(late).toEqual({ outcome: 'leased_elsewhere', items: [] });
      expect(idsOf((await takeFrom(under, 'fn-1')).items)).toEqual(['a']);
    });
  });

  describe('queue_postpone', () => {
    test('code 1: frees an item for later and leaves its place in the order', async () => {
      await enqueue(store, [due('a'), due('b', { scoreMs: now + 1 })]);
      const item = await takeOne(under, 'fn-1');
      expect(await postpone(store, item, now + 500)).toBe(true);
      expect((await takeFrom(under, 'fn-1')).items).toEqual([]);
      expect(await store.run('queue_ahead', ['fn-1', 'b'])).toBe(0);
      under.clock.advance(500);
      const again = await takeFrom(under, 'fn-1');
      expect(idsOf(again.items)).toEqual(['b', 'a']);
      expect(again.items[1]).toMatchObject({ attempt: 0, generation: 1, atMs: now });
      // It was due first, whenever it was taken.
      expect(await store.run('queue_ahead', ['fn-1', 'b'])).toBe(1);
    });

    test('code 0: the lease is lost, nothing happens', async () => {
      await enqueue(store, [due('a')]);
      const item = await takeOne(under, 'fn-1');
      const before = await under.dump();
      expect(await postpone(store, { ...item, leaseToken: 'other' }, now)).toBe(false);
      expect(await postpone(store, { ...item, id: 'gone' }, now)).toBe(false);
      expect(await under.dump()).toEqual(before);
    });
  });

  describe('role_claim', () => {
    const claim = (process: string) => claimRole(store, { role: 'poll', process, ms: 60_000 });

    test('code 1: whoever asks first has the role, and keeps it by asking; code 0: the others', async () => {
      expect([await claim('p1'), await claim('p2'), await claim('p1')]).toEqual([
        true,
        false,
        true,
      ]);
      expect(await under.read('PTTL', 'x:role:poll')).toBeWithin(50_000, 60_001);
      await under.read('DEL', 'x:role:poll');
      expect([await claim('p2'), await claim('p1')]).toEqual([true, false]);
    });
  });

  describe('queue_release_partition', () => {
    test('code 1: lets another process serve what is left; code 0 when it is not held', async () => {
      await enqueue(store, [due('a'), due('b')]);
      await takeFrom(under, 'fn-1', { itemsMax: 1 });
      expect(await store.run('queue_release_partition', ['fn-1', accountId, 'p2'])).toBe(0);
      await releasePartition(store, 'fn-1', 'p1');
      expect(await store.run('queue_release_partition', ['fn-1', accountId, 'p1'])).toBe(0);
      expect(idsOf((await takeFrom(under, 'fn-1', { process: 'p2' })).items)).toEqual(['b']);
    });
  });
});

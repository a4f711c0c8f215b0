/** Scripts of operations on many runs, code by code (lua/bulk_*.lua). */
import { beforeEach, describe, expect, test } from 'bun:test';
import {
  advanceBulk,
  type BulkOperation,
  type BulkStep,
  loadBulks,
  startBulk,
  stopBulk,
} from '../../../src/executor/bulk_store.ts';
import { loadRun } from '../../../src/state/run_state.ts';
import { idsOf, sampleItem, takeFrom, takeOne } from '../../queue/sample_item.ts';
import { createSampleRun, sampleRun } from '../../state/sample_run.ts';
import { list, listenFor, type StoreUnderTest } from '../../store_under_test.ts';
import { conformance } from './suite.ts';

conformance('bulk', (engine) => {
  let under: StoreUnderTest;
  let store: StoreUnderTest['store'];
  let now: number;

  beforeEach(async () => {
    under = await engine.open();
    store = under.store;
    now = under.clock.now();
  });

  const operation = (id: string, changes: Partial<BulkOperation> = {}): BulkOperation => ({
    ...{ id, kind: 'cancel', name: 'all of them', filter: { timeField: 'queued', fromMs: 1 } },
    ...{ status: 'running', createdAtMs: now, endedAtMs: null },
    ...{ total: 3, done: 0, skipped: 0, error: null, ...changes },
  });
  const start = (id: string, bounds = { runningMax: 2, keptMax: 3 }) =>
    startBulk(
      store,
      operation(id),
      sampleItem({ id: `bulk.${id}`, partition: 'bulk', kind: 'bulk' }),
      bounds,
    );
  const step = (changes: Partial<BulkStep>): BulkStep => ({
    ...{ nowMs: now, operationId: 'op', place: null, status: 'running', nextMs: now + 20 },
    ...{ passedOver: 0, ends: [], runs: [], ...changes },
  });
  const idsOfAll = async () => (await loadBulks(store)).map(({ id }) => id);
  const end = (runId: string) => ({
    runId,
    items: [sampleItem({ id: `${runId} over`, partition: 'events' })],
    facts: [`"${runId} ended"`],
  });

  describe('bulk_start', () => {
    test('code 1: keeps the record and queues its work; code 0: changes nothing for a known one', async () => {
      expect(await loadBulks(store)).toEqual([]);
      expect(await start('op')).toBe('started');
      expect(await start('op')).toBe('started');
      expect(await loadBulks(store, 'op')).toEqual([{ ...operation('op'), place: null }]);
      expect(idsOf((await takeFrom(under, 'bulk')).items)).toEqual(['bulk.op']);
    });

    test('code -1: with as many running as may', async () => {
      await start('a');
      await start('b');
      expect(await start('c')).toBe('too_many');
      expect(await idsOfAll()).toEqual(['b', 'a']);
      await stopBulk(store, 'a', now);
      expect(await start('c')).toBe('started');
    });

    test('forgets the oldest of those that have ended, never one that runs', async () => {
      await start('runs');
      for (const id of ['1', '2', '3']) {
        now += 1;
        await start(id);
        await stopBulk(store, id, now);
      }
      expect(await idsOfAll()).toEqual(['3', '2', 'runs']);
      expect((await under.keys()).filter((key) => key.startsWith('bulk:'))).toEqual([
        'bulk:2',
        'bulk:3',
        'bulk:runs',
      ]);
    });
  });

  describe('bulk_advance', () => {
    test('code 1: ends and creates runs, counts them, moves the cursor and queues the next page', async () => {
      await start('op');
      await createSampleRun(store, 'r1');
      await createSampleRun(store, 'there');
      const heard = await listenFor(under, 'ended');
      const item = await takeOne(under, 'bulk');
      const place = { atMs: now, runId: 'r1' };
      const runs = [sampleRun('new'), sampleRun('there')];
      const ends = [end('r1'), end('gone')];
      const page = step({ place, ends, runs, passedOver: 4 });
      expect(await advanceBulk(store, item, page)).toEqual([true, false]);
      expect(await loadBulks(store, 'op')).toEqual([
        { ...operation('op'), done: 2, skipped: 6, place },
      ]);
      expect(await loadRun(store, 'r1', { withSteps: false })).toBeNull();
      expect(await loadRun(store, 'new', { withSteps: false })).not.toBeNull();
      expect(await list(under, 'outbox')).toEqual(['"r1 ended"']);
      expect(idsOf((await takeFrom(under, 'events')).items)).toEqual(['r1 over']);
      expect(await heard()).toEqual(['r1']);
      expect((await takeFrom(under, 'bulk')).items).toEqual([]);
      under.clock.advance(20);
      expect(await takeOne(under, 'bulk')).toMatchObject({ id: 'bulk.op', generation: 1 });
    });

    test('code 2: an operation that has ended has no item any more, and says how it ended', async () => {
      await start('op');
      const item = await takeOne(under, 'bulk');
      const last = step({ status: 'failed', error: 'no such field', nowMs: now + 5 });
      expect(await advanceBulk(store, item, last)).toEqual([]);
      expect(await loadBulks(store, 'op')).toMatchObject([
        { status: 'failed', error: 'no such field', endedAtMs: now + 5 },
      ]);
      expect((await under.keys()).filter((key) => key.startsWith('item:'))).toEqual([]);
      expect(await stopBulk(store, 'op', now)).toBe(false);
    });

    test('code 0: a page of an operation that was stopped comes to nothing', async () => {
      await start('op');
      await createSampleRun(store, 'r1');
      const item = await takeOne(under, 'bulk');
      await stopBulk(store, 'op', now);
      expect(
        await advanceBulk(store, item, step({ ends: [end('r1')], runs: [sampleRun('new')] })),
      ).toBeNull();
      expect(await loadRun(store, 'r1', { withSteps: false })).not.toBeNull();
      expect(await loadRun(store, 'new', { withSteps: false })).toBeNull();
      expect(await loadBulks(store, 'op')).toMatchObject([{ status: 'stopped', done: 0 }]);
    });

    test('the attempts of a page are not those of the next', async () => {
      await start('op');
      const { id, leaseToken } = await takeOne(under, 'bulk');
      await store.run('queue_requeue', [now, id, leaseToken, 1, 1, 0, 0]);
      const again = await takeOne(under, 'bulk');
      expect(again.attempt).toBe(1);
      await advanceBulk(store, again, step({ nextMs: now }));
      expect((await takeOne(under, 'bulk')).attempt).toBe(0);
    });
  });

  test('bulk_stop: code 1 stopped, 0 ended before, -1 unknown', async () => {
    await start('op');
    expect(await stopBulk(store, 'op', now + 7)).toBe(true);
    expect(await stopBulk(store, 'op', now + 9)).toBe(false);
    expect(await stopBulk(store, 'other', now)).toBeNull();
    expect(await loadBulks(store, 'op')).toMatchObject([{ endedAtMs: now + 7, error: null }]);
    expect((await takeFrom(under, 'bulk')).items).toEqual([]);
  });
});

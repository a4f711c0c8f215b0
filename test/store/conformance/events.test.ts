/** event_accept and event_deliver, code by code. */
import { beforeEach, describe, expect, test } from 'bun:test';
import { resolutionArgs } from '../../../src/pause/pause.ts';
import { itemListArgs, type LeasedItem } from '../../../src/queue/item.ts';
import { scavenge } from '../../../src/queue/queue.ts';
import { runArgs } from '../../../src/state/run_creation.ts';
import { loadRun } from '../../../src/state/run_state.ts';
import { idsOf, leaseMs, sampleItem, takeFrom, takeOne } from '../../queue/sample_item.ts';
import { commit, createSampleRun, sampleRun, sampleWait } from '../../state/sample_run.ts';
import { fields, list, listenFor, type StoreUnderTest } from '../../store_under_test.ts';
import { conformance } from './suite.ts';

conformance('events', (engine) => {
  let under: StoreUnderTest;
  let store: StoreUnderTest['store'];

  beforeEach(async () => {
    under = await engine.open();
    store = under.store;
  });

  const intake = (id = 'events.1') => sampleItem({ id, partition: 'events', kind: 'events' });

  async function accepted(): Promise<LeasedItem> {
    expect(await store.run('event_accept', [...itemListArgs([intake()]), 1, '"event"'])).toBe(1);
    return takeOne(under, 'events');
  }

  interface Delivered {
    readonly cursor: number;
    readonly leaseToken?: string;
    readonly waits?: readonly string[];
    readonly runs?: readonly ReturnType<typeof sampleRun>[];
    readonly items?: readonly ReturnType<typeof sampleItem>[];
    readonly facts?: readonly string[];
  }

  /** One of the waits has nothing to tell. */
  const factOf = (pauseId: string) => (pauseId === 'r.silent' ? '' : `"${pauseId}"`);

  const deliver = (item: LeasedItem, what: Delivered) => {
    const { cursor, leaseToken = item.leaseToken, waits = [], runs = [] } = what;
    const { items = [], facts = [] } = what;
    return store.run('event_deliver', [
      ...[under.clock.now(), item.id, leaseToken, cursor],
      waits.length,
      ...waits.flatMap((pauseId) =>
        resolutionArgs({ pauseId, output: '{"n":1}', fact: factOf(pauseId) }),
      ),
      ...[runs.length, ...runs.flatMap(runArgs)],
      ...itemListArgs(items),
      ...[facts.length, ...facts],
    ]);
  };

  describe('event_accept', () => {
    test('code 1: events wait for their delivery, and history hears of them', async () => {
      const heard = await listenFor(under, 'facts');
      const args = [...itemListArgs([intake('a'), intake('b')]), 3, '"1"', '"2"', '"3"'];
      expect(await store.run('event_accept', args)).toBe(1);
      expect(await list(under, 'outbox')).toEqual(['"1"', '"2"', '"3"']);
      expect(idsOf((await takeFrom(under, 'events')).items)).toEqual(['a', 'b']);
      expect(await heard()).toEqual(['3 9']);
    });

    test('code 1: of nothing stores and tells nothing', async () => {
      const heard = await listenFor(under, 'facts');
      expect(await store.run('event_accept', [0, 0])).toBe(1);
      expect(await under.keys()).toEqual([]);
      expect(await heard()).toEqual([]);
    });
  });

  describe('event_deliver', () => {
    test('code 1: creates runs, says which were started before, and removes the item', async () => {
      const item = await accepted();
      const once = { idempotencyKeys: [{ key: 'k', lifetimeMs: 60_000 }] };
      const answer = sampleItem({ id: 'answer', partition: 'events' });
      const otherwise = { items: [answer], facts: ['"started before"'] };
      const runs = [sampleRun('r1', once), sampleRun('r2', { ...once, otherwise })];
      const beside = [sampleItem({ id: 'beside', partition: 'fn-9' })];
      expect(await deliver(item, { cursor: -1, runs, items: beside, facts: ['"f"'] })).toEqual([
        1, 1, 0,
      ]);
      expect(idsOf((await takeFrom(under, 'events')).items)).toEqual(['answer']);
      expect(idsOf((await takeFrom(under, 'fn-1')).items)).toEqual(['r1.start']);
      expect(idsOf((await takeFrom(under, 'fn-9')).items)).toEqual(['beside']);
      expect(await list(under, 'outbox')).toEqual(['"event"', '"started before"', '"f"']);
    });

    test('code 1: ends the waits that are open, and says which were over', async () => {
      await createSampleRun(store, 'r');
      const waits = ['a', 'b', 'silent'].map((stepId) => sampleWait('r', stepId));
      await commit(under, await takeOne(under, 'fn-1'), { waits });
      const item = await accepted();
      expect(
        await deliver(item, { cursor: -1, waits: ['r.a', 'r.missing', 'r.b', 'r.silent'] }),
      ).toEqual([1, 1, 0, 1, 1]);
      expect((await loadRun(store, 'r', { withSteps: true }))?.stack).toEqual(['a', 'b', 'silent']);
      expect(idsOf((await takeFrom(under, 'fn-1')).items)).toEqual([
        'r.next:a',
        'r.next:b',
        'r.next:silent',
      ]);
      expect(await list(under, 'outbox')).toEqual(['"event"', '"r.a"', '"r.b"']);
    });

    test('code 1: a part of the events moves the cursor, which the next holder of the item sees', async () => {
      const item = await accepted();
      expect(await deliver(item, { cursor: 7, runs: [sampleRun('r')] })).toEqual([1, 1]);
      expect(await fields(under, 'item:events.1')).toMatchObject({ cursor: '7' });
      under.clock.advance(leaseMs);
      await scavenge(store, under.clock.now(), 9);
      expect((await takeOne(under, 'events')).cursor).toBe(7);
    });

    test('code 2: a part that was delivered is not delivered again', async () => {
      const item = await accepted();
      await deliver(item, { cursor: 7, runs: [sampleRun('r')], facts: ['"f"'] });
      const before = await under.dump();
      const again = { runs: [sampleRun('r'), sampleRun('other')], waits: ['r.a'], facts: ['"f"'] };
      expect(await deliver(item, { cursor: 7, ...again })).toEqual([2]);
      expect(await deliver(item, { cursor: 3, ...again })).toEqual([2]);
      expect(await under.dump()).toEqual(before);
    });

    test('code 0: the lease is lost, nothing happens', async () => {
      const item = await accepted();
      const before = await under.dump();
      const what = { runs: [sampleRun('r')], waits: ['r.a'], facts: ['"f"'] };
      expect(await deliver(item, { ...what, cursor: -1, leaseToken: 'other' })).toEqual([0]);
      expect(await deliver({ ...item, id: 'missing' }, { ...what, cursor: 3 })).toEqual([0]);
      expect(await under.dump()).toEqual(before);
    });
  });
});

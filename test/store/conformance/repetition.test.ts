/**
 * A call whose answer was lost may be made again (`StoreUnavailableError`). Each script once more, at once and after
 * others have gone on: no second run, no fact that history does not know, no item doubled or lost.
 */
import { beforeEach, describe, expect, test } from 'bun:test';
import { itemListArgs } from '../../../src/queue/item.ts';
import { dequeue, enqueue, extend, scavenge } from '../../../src/queue/queue.ts';
import { runArgs } from '../../../src/state/run_creation.ts';
import { endRun } from '../../../src/state/run_end.ts';
import { loadRun } from '../../../src/state/run_state.ts';
import { idsOf, leaseMs, sampleItem, takeFrom, takeOne } from '../../queue/sample_item.ts';
import { commit, createSampleRun, output, sampleRun, sampleWait } from '../../state/sample_run.ts';
import { list, onEachEngine, type StoreUnderTest, scores } from '../../store_under_test.ts';
import { repetitions } from './repetitions.ts';
import { answersOf } from './script_answers.ts';

onEachEngine((engine) => {
  let under: StoreUnderTest;
  let store: StoreUnderTest['store'];

  beforeEach(async () => {
    under = await engine.open();
    store = under.store;
  });

  for (const [script, cases] of Object.entries(repetitions)) {
    for (const [name, { prepare, first, second = first, changes = [] }] of Object.entries(cases)) {
      test(`${script} once more: ${name}`, async () => {
        const args = await prepare(under);
        const reply = await store.run(script, args);
        expect(reply).toEqual(first);
        const before = await under.dump();
        const repeated = await store.run(script, args);
        expect(repeated).toEqual(second);
        answersOf(script, repeated, args);
        const after = await under.dump();
        expect(changedKeys(before, after)).toEqual([...changes]);
      });
    }
  }

  describe('after others have gone on', () => {
    const ended = (runId: string) => endRun(store, { item: null, runId, items: [], facts: [] });

    test('an item that a lost answer handed out is found again when its lease ends', async () => {
      await enqueue(store, [sampleItem({ id: 'a' }), sampleItem({ id: 'b' })]);
      const lost = await takeFrom(under, 'fn-1', { itemsMax: 1, leaseToken: 'same' });
      const heard = await takeFrom(under, 'fn-1', { itemsMax: 1, leaseToken: 'same' });
      expect([idsOf(lost.items), idsOf(heard.items)]).toEqual([['a'], ['b']]);
      under.clock.advance(leaseMs - 1);
      await extend(store, heard.items, under.clock.now() + leaseMs);
      under.clock.advance(1);
      expect((await scavenge(store, under.clock.now(), 9)).count).toBe(1);
      expect(await takeOne(under, 'fn-1')).toMatchObject({ id: 'a', attempt: 0, scavenged: 1 });
    });

    test('a commit is refused while the next call of its run is under way', async () => {
      await createSampleRun(store, 'r');
      const item = await takeOne(under, 'fn-1');
      const plan = { outputs: [output('a', { fact: '"a"' })], facts: ['"f"'] };
      await commit(under, item, plan);
      const next = await takeOne(under, 'fn-1');
      const before = await under.dump();
      expect(await commit(under, item, plan)).toBe('lease_lost');
      expect(await under.dump()).toEqual(before);
      expect(await commit(under, next, { outputs: [output('b')] })).toBe('continued');
      // The second discovery has another id: an old answer cannot be taken for a new one.
      expect(idsOf((await takeFrom(under, 'fn-1')).items)).toEqual(['r.next:b']);
    });

    test('the report of an endpoint brings back no step that is over, and no wait', async () => {
      await createSampleRun(store, 'r', { items: [] });
      const plan = {
        waits: [sampleWait('r', 'w')],
        outputs: [output('a')],
        group: ['a', 'w'],
        requestVersion: 2,
      };
      const endpoint = { id: '', leaseToken: '', runId: 'r' };
      await commit(under, endpoint, plan);
      const next = await takeFrom(under, 'fn-1');
      for (const item of next.items) await dequeue(store, item);
      await store.run('pause_resolve', [under.clock.now(), 1, 'r.w', '1', '']);
      const after = await takeFrom(under, 'fn-1');
      for (const item of after.items) await dequeue(store, item);
      await commit(under, endpoint, plan);
      expect((await takeFrom(under, 'fn-1')).items).toEqual([]);
      expect((await under.keys()).filter((key) => /pause:|pending|item:/.test(key))).toEqual([]);
    });

    test('facts that came after those trimmed stay', async () => {
      await store.run('event_accept', [0, 2, '"1"', '"2"']);
      expect(await store.run('outbox_trim', [2, 0, '"2"'])).toBe(1);
      await store.run('event_accept', [0, 2, '"3"', '"4"']);
      expect(await store.run('outbox_trim', [2, 0, '"2"'])).toBe(0);
      expect(await list(under, 'outbox')).toEqual(['"3"', '"4"']);
    });

    test('an app that was changed since stays as it is', async () => {
      const put = (revision: number, text: string) =>
        store.run('app_put', ['app', revision, text, 1, 9, 0, 0, 0]);
      await put(0, 'first');
      await put(1, 'second');
      expect(await put(1, 'second')).toEqual([0, 2]);
      expect(await put(0, 'first')).toEqual([0, 2]);
      expect(await store.run('app_remove', ['app', 1, 1, 9, 0])).toEqual([0, 2]);
    });

    test('a run with an idempotency key is not created again after its end', async () => {
      const run = runArgs(sampleRun('r', { idempotencyKeys: [{ key: 'k', lifetimeMs: 60_000 }] }));
      expect(await store.run('run_create', run)).toBe(1);
      await ended('r');
      expect(await store.run('run_create', run)).toBe(0);
      expect(await loadRun(store, 'r', { withSteps: false })).toBeNull();
    });

    // What follows is what whoever repeats these calls has to reckon with.

    test('run_create without an idempotency key begins a run anew that has ended', async () => {
      const run = runArgs(sampleRun('r'));
      await store.run('run_create', run);
      await ended('r');
      expect(await store.run('run_create', run)).toBe(1);
    });

    test('event_deliver in the middle of its events does not begin a run anew that has ended', async () => {
      const item = sampleItem({ id: 'events.1', partition: 'events', kind: 'events' });
      await store.run('event_accept', [...itemListArgs([item]), 0]);
      const { id, leaseToken } = await takeOne(under, 'events');
      const run = runArgs(sampleRun('r'));
      const args = [under.clock.now(), id, leaseToken, 7, 0, 1, ...run, 0, 0];
      expect(await store.run('event_deliver', args)).toEqual([1, 1]);
      await ended('r');
      expect(await store.run('event_deliver', args)).toEqual([2]);
    });

    test('what a run that exists is answered with is queued, though it was this call that created it', async () => {
      const answer = { items: [sampleItem({ id: 'refusal', partition: 'events' })], facts: [] };
      const run = runArgs(sampleRun('r', { otherwise: answer }));
      await store.run('run_create', run);
      expect(await store.run('run_create', run)).toBe(0);
      expect(idsOf((await takeFrom(under, 'events')).items)).toEqual(['refusal']);
    });

    test('event_accept and queue_enqueue bring back items whose work is done', async () => {
      const items = itemListArgs([sampleItem({ id: 'a' })]);
      for (const [script, args] of [
        ['event_accept', [...items, 0]],
        ['queue_enqueue', items],
      ] as const) {
        await store.run(script, args);
        await dequeue(store, await takeOne(under, 'fn-1'));
        expect(await store.run(script, args)).toBe(1);
        await dequeue(store, await takeOne(under, 'fn-1'));
      }
    });

    test('queue_extend does not shorten a lease that was renewed for longer since', async () => {
      await enqueue(store, [sampleItem({ id: 'a' })]);
      const item = await takeOne(under, 'fn-1');
      const nowMs = under.clock.now();
      await extend(store, [item], nowMs + 40_000);
      await extend(store, [item], nowMs + 50_000);
      await extend(store, [item], nowMs + 40_000);
      expect(await scores(under, 'x:leases')).toEqual({ a: nowMs + 50_000 });
    });

    test('queue_rebuild makes items ready that were taken since: it is for starts, before anyone takes', async () => {
      await enqueue(store, [sampleItem({ id: 'a' })]);
      await under.forgetRebuildable();
      await store.run('queue_rebuild', [1, 'a']);
      await takeOne(under, 'fn-1');
      await store.run('queue_rebuild', [1, 'a']);
      expect(await scores(under, 'x:ready:fn-1')).toEqual({ a: 1_000 });
    });

    test('app_put of an app that nobody had yet brings it back after its removal', async () => {
      const args = ['app', 0, '{}', 1, 9, 0, 0, 0];
      await store.run('app_put', args);
      await store.run('app_remove', ['app', 1, 1, 9, 0]);
      expect(await store.run('app_put', args)).toEqual([1, 3]);
    });
  });
});

type Dump = Awaited<ReturnType<StoreUnderTest['dump']>>;

function changedKeys(before: Dump, after: Dump): string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].filter((key) => !Bun.deepEquals(before[key], after[key])).sort();
}

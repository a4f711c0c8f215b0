/** step_commit, code by code. */
import { beforeEach, describe, expect, test } from 'bun:test';
import type { LeasedItem } from '../../../src/queue/item.ts';
import { loadRun } from '../../../src/state/run_state.ts';
import { commitSteps } from '../../../src/state/step_commit.ts';
import { idsOf, sampleItem, takeFrom, takeOne } from '../../queue/sample_item.ts';
import {
  commit,
  createSampleRun,
  output,
  runItem,
  samplePlan,
  sampleWait,
} from '../../state/sample_run.ts';
import { fields, list, members, type StoreUnderTest } from '../../store_under_test.ts';
import { conformance } from './suite.ts';

conformance('commit', (engine) => {
  let under: StoreUnderTest;
  let store: StoreUnderTest['store'];
  let now: number;
  let item: LeasedItem;

  beforeEach(async () => {
    under = await engine.open();
    store = under.store;
    now = under.clock.now();
    await createSampleRun(store, 'r');
    item = await takeOne(under, 'fn-1');
  });

  const guarded = (name: string, openStepId = name) => ({
    openStepId,
    fact: `"planned ${name}"`,
    item: runItem('r', `${name}.plan`),
  });
  const steps = async () => (await loadRun(store, 'r', { withSteps: true }))?.steps ?? [];

  describe('step_commit', () => {
    test('code 2: saves an output, ends the item and queues the discovery after it', async () => {
      const outputs = [output('a', { fact: '"a done"' })];
      expect(await commit(under, item, { outputs, requestVersion: 2 })).toBe('continued');
      expect(await steps()).toEqual([['a', '{"data":"a"}']]);
      expect(idsOf((await takeFrom(under, 'fn-1')).items)).toEqual(['r.next:a']);
      expect(await list(under, 'outbox')).toEqual(['"a done"']);
      expect(await fields(under, 'run:r')).toMatchObject({ rv: '2', n: '1', sz: '12', die: '0' });
    });

    test('a step may be called like anything: its discovery never shares an id with another item', async () => {
      expect(item.id).toBe('r.start');
      await commit(under, item, { outputs: [output('start')] });
      const next = await takeOne(under, 'fn-1');
      expect(next.id).toBe('r.next:start');
      await commit(under, next, { outputs: [output('next:start')] });
      expect(idsOf((await takeFrom(under, 'fn-1')).items)).toEqual(['r.next:next:start']);
    });

    test('an answer that only adds a defer brings the run on', async () => {
      await commit(under, item, { defers: [{ stepId: 'd1', record: '{}', fact: '' }] });
      const again = await takeOne(under, 'fn-1');
      const more = { defers: [{ stepId: 'd2', record: '{}', fact: '' }] };
      expect(await commit(under, again, more)).toBe('continued');
      const last = await takeOne(under, 'fn-1');
      expect(await commit(under, last, more)).toBe('stalled');
    });

    test('the first output of a step wins and counts once', async () => {
      await commit(under, item, { outputs: [output('a')] });
      const next = await takeOne(under, 'fn-1');
      const again = output('a', { output: '"other"', fact: '"again"' });
      await commit(under, next, { outputs: [again, output('b')] });
      expect(Object.fromEntries(await steps())).toEqual({ a: '{"data":"a"}', b: '{"data":"b"}' });
      expect(await list(under, 'outbox')).toEqual([]);
      expect(await fields(under, 'run:r')).toMatchObject({ n: '2', sz: '24' });
    });

    test('the request version is kept from the first answer that has one', async () => {
      await commit(under, item, { outputs: [output('a')], requestVersion: 1 });
      const next = await takeOne(under, 'fn-1');
      await commit(under, next, { outputs: [output('b')], requestVersion: 2 });
      expect(await fields(under, 'run:r')).toMatchObject({ rv: '1' });
    });

    test('a request version of 0 is one, too', async () => {
      await commit(under, item, { outputs: [output('a')], requestVersion: 0 });
      await commit(under, await takeOne(under, 'fn-1'), {
        outputs: [output('b')],
        requestVersion: 2,
      });
      expect(await fields(under, 'run:r')).toMatchObject({ rv: '0' });
    });

    test('a new group takes the place of the one before', async () => {
      await commit(under, item, { items: [guarded('a')], group: ['a', 'b'] });
      await commit(under, await takeOne(under, 'fn-1'), { items: [guarded('c')], group: ['c'] });
      expect(await members(under, 'run:r:pending')).toEqual(['c']);
    });

    test('tells history nothing where there is nothing to tell', async () => {
      await commit(under, item, {
        outputs: [output('a')],
        items: [{ ...guarded('b'), fact: '' }],
        waits: [sampleWait('r', 'w')],
      });
      expect(await under.keys()).not.toContain('outbox');
    });

    test('code 1: planned steps are queued, the item goes, no discovery follows', async () => {
      const plan = { items: [guarded('a'), guarded('b')], group: ['a', 'b'], forcesPlan: true };
      expect(await commit(under, item, { ...plan, requestVersion: 2 })).toBe('done');
      expect(idsOf((await takeFrom(under, 'fn-1')).items)).toEqual(['r.a.plan', 'r.b.plan']);
      expect(await members(under, 'run:r:pending')).toEqual(['a', 'b']);
      expect(await fields(under, 'run:r')).toMatchObject({ die: '1' });
    });

    test('of a group only the last output queues the discovery, and planning is no longer forced', async () => {
      const plan = { items: [guarded('a'), guarded('b')], group: ['a', 'b'], forcesPlan: true };
      await commit(under, item, { ...plan, requestVersion: 2 });
      const { items } = await takeFrom(under, 'fn-1');
      const [a, b] = items;
      if (!a || !b) throw new Error('two steps were planned');
      expect(await commit(under, a, { outputs: [output('a')] })).toBe('done');
      expect(await fields(under, 'run:r')).toMatchObject({ die: '1' });
      expect(await commit(under, b, { outputs: [output('b')] })).toBe('continued');
      expect(await fields(under, 'run:r')).toMatchObject({ die: '0' });
      expect(idsOf((await takeFrom(under, 'fn-1')).items)).toEqual(['r.next:b']);
    });

    test('in race mode, and before version 2, each output queues a discovery and planning stays forced', async () => {
      const plan = { items: [guarded('a'), guarded('b')], forcesPlan: true, requestVersion: 1 };
      await commit(under, item, plan);
      const { items } = await takeFrom(under, 'fn-1');
      for (const [index, each] of items.entries()) {
        const outputs = [output(index === 0 ? 'a' : 'b', { parallelMode: 'race' })];
        expect(await commit(under, each, { outputs })).toBe('continued');
      }
      expect(idsOf((await takeFrom(under, 'fn-1')).items)).toEqual(['r.next:a', 'r.next:b']);
      expect(await fields(under, 'run:r')).toMatchObject({ die: '1' });
    });

    test('planning stays forced while other work of the run is queued', async () => {
      await commit(under, item, {
        items: [guarded('a'), guarded('slow')],
        group: ['a'],
        forcesPlan: true,
        requestVersion: 2,
      });
      const a = await takeOne(under, 'fn-1');
      expect(await commit(under, a, { outputs: [output('a')] })).toBe('continued');
      expect(await fields(under, 'run:r')).toMatchObject({ die: '1' });
    });

    test('re-reported plans of finished or queued steps collapse', async () => {
      await commit(under, item, { items: [guarded('a'), guarded('b')], requestVersion: 1 });
      const a = await takeOne(under, 'fn-1');
      await commit(under, a, { outputs: [output('a')] });
      const { items } = await takeFrom(under, 'fn-1');
      const discovery = items.find(({ id }) => id === 'r.next:a');
      if (!discovery) throw new Error('no discovery');
      const plan = { items: [guarded('a'), guarded('b')] };
      expect(await commit(under, discovery, plan)).toBe('done');
      expect(idsOf((await takeFrom(under, 'fn-1')).items)).toEqual([]);
      expect(await list(under, 'outbox')).toEqual(['"planned a"', '"planned b"']);
    });

    test('waits are stored once with their timeout and what is queued with them', async () => {
      const wait = sampleWait('r', 'w', {
        fact: '"waits"',
        items: [sampleItem({ id: 'invoked', partition: 'events' })],
      });
      expect(await commit(under, item, { waits: [wait], items: [guarded('a')] })).toBe('done');
      const a = await takeOne(under, 'fn-1');
      expect(idsOf((await takeFrom(under, 'events')).items)).toEqual(['invoked']);
      const later = sampleWait('r', 'w', {
        fact: '"waits again"',
        of: { expression: 'other' },
        items: [sampleItem({ id: 'invoked-again', partition: 'events' })],
      });
      await commit(under, a, { waits: [later] });
      expect((await takeFrom(under, 'events')).items).toEqual([]);
      expect(await fields(under, 'pause:r.w')).toMatchObject({ x: '', k: 'event' });
      expect(await list(under, 'outbox')).toEqual(['"planned a"', '"waits"']);
    });

    test('facts that belong to a wait are told only when the wait is stored', async () => {
      const wait = (fact: string) =>
        sampleWait('r', 'w', { fact, itemFacts: [`"event of ${JSON.parse(fact)}"`] });
      await commit(under, item, { waits: [wait('"first"')], items: [guarded('a')] });
      await commit(under, await takeOne(under, 'fn-1'), { waits: [wait('"second"')] });
      expect(await list(under, 'outbox')).toEqual(['"planned a"', '"event of first"', '"first"']);
    });

    test('code 0: the run is gone and takes the item with it', async () => {
      await under.read('DEL', 'run:r');
      expect(await commit(under, item, { outputs: [output('a')] })).toBe('gone');
      expect(await under.keys()).toEqual(['run:r:events']);
    });

    test('code -1: a lost lease changes nothing', async () => {
      const stale = { ...item, leaseToken: 'other' };
      expect(await commit(under, stale, { outputs: [output('a')] })).toBe('lease_lost');
      expect(await steps()).toEqual([]);
    });

    test('code -2: outputs beyond the limit change nothing; as much as the limit is fine', async () => {
      const plan = { outputs: [output('a')], items: [guarded('b')] };
      expect(await commit(under, item, plan, 11)).toBe('state_overflow');
      expect(await steps()).toEqual([]);
      expect((await takeFrom(under, 'fn-1')).items).toEqual([]);
      expect(await commit(under, item, plan, 12)).toBe('continued');
    });

    test('code 1: an answer without outputs is kept however much the run holds', async () => {
      await commit(under, item, { outputs: [output('a')] });
      const next = await takeOne(under, 'fn-1');
      expect(await commit(under, next, { items: [guarded('b')] }, 1)).toBe('done');
    });

    test('code -3: one signal twice in one answer, unless the second replaces the first', async () => {
      const signal = (stepId: string, conflict: 'fail' | 'replace') =>
        sampleWait('r', stepId, { conflict, of: { kind: 'signal', subject: 'go' } });
      const twice = { waits: [signal('s1', 'fail'), signal('s2', 'fail')] };
      expect(await commit(under, item, twice)).toBe('signal_conflict');
      expect((await under.keys()).filter((key) => /pause|signal/.test(key))).toEqual([]);
      const replaced = { waits: [signal('s1', 'fail'), signal('s2', 'replace')] };
      expect(await commit(under, item, replaced)).toBe('done');
      expect(await under.read('GET', 'signal:go')).toBe('r.s2');
    });

    test('code -3: a signal that another run waits for; replace takes it over', async () => {
      const signal = (runId: string, conflict: 'fail' | 'replace') =>
        sampleWait(runId, 's', { conflict, of: { kind: 'signal', subject: 'go' } });
      await commit(under, item, { waits: [signal('r', 'fail')] });
      await createSampleRun(store, 'q');
      const other = await takeOne(under, 'fn-1');
      const refused = { outputs: [output('a')], waits: [signal('q', 'fail')] };
      expect(await commit(under, other, refused)).toBe('signal_conflict');
      expect((await loadRun(store, 'q', { withSteps: true }))?.steps).toEqual([]);
      expect(await commit(under, other, { waits: [signal('q', 'replace')] })).toBe('done');
      expect(await store.run('signal_find', [now, 'go'])).toEqual([
        'q.s',
        'q',
        's',
        expect.any(String),
      ]);
      expect(await fields(under, 'pause:r.s')).toMatchObject({ k: 'signal' });
    });

    test('a signal wait that is reported again is no conflict with itself', async () => {
      const wait = sampleWait('r', 's', {
        conflict: 'fail',
        of: { kind: 'signal', subject: 'go' },
      });
      await commit(under, item, { waits: [wait], items: [guarded('a')] });
      expect(await commit(under, await takeOne(under, 'fn-1'), { waits: [wait] })).toBe('done');
    });

    test('code -4: an answer that leaves nothing to do is asked once more, then the run has stalled', async () => {
      expect(await commit(under, item, {})).toBe('continued');
      const again = await takeOne(under, 'fn-1');
      expect(again.id).toBe('r.again:0.0');
      expect(await commit(under, again, {})).toBe('stalled');
      expect(await commit(under, again, { outputs: [output('a')] })).toBe('continued');
      // Progress gives another chance.
      expect(await commit(under, await takeOne(under, 'fn-1'), {})).toBe('continued');
    });

    test('code -4: so does an answer that only repeats what is known', async () => {
      await commit(under, item, { outputs: [output('a')] });
      const repeat = { outputs: [output('a')], items: [guarded('a')] };
      expect(await commit(under, await takeOne(under, 'fn-1'), repeat)).toBe('continued');
      expect(await commit(under, await takeOne(under, 'fn-1'), repeat)).toBe('stalled');
    });

    test('what brings the run on is taken also the second time: a step, a wait, a defer', async () => {
      const plans = [
        [{ items: [guarded('a')] }, 'done'],
        [{ waits: [sampleWait('r', 'w')] }, 'done'],
        [{ defers: [{ stepId: 'd', record: '{}', fact: '' }] }, 'continued'],
      ] as const;
      for (const [plan, outcome] of plans) {
        await under.clear();
        await createSampleRun(store, 'r');
        expect(await commit(under, await takeOne(under, 'fn-1'), {})).toBe('continued');
        expect(await commit(under, await takeOne(under, 'fn-1'), plan)).toBe(outcome);
      }
    });

    test('code -4: a wait that is over brings nothing', async () => {
      await commit(under, item, { outputs: [output('w')] });
      expect(await commit(under, await takeOne(under, 'fn-1'), {})).toBe('continued');
      const again = { waits: [sampleWait('r', 'w')] };
      expect(await commit(under, await takeOne(under, 'fn-1'), again)).toBe('stalled');
    });

    test('nothing has stalled while another item of the run is queued, nor by a report of its endpoint', async () => {
      expect(await commit(under, item, {})).toBe('continued');
      const again = await takeOne(under, 'fn-1');
      const endpoint = { id: '', leaseToken: '', runId: 'r' };
      expect(await commit(under, endpoint, {})).toBe('done');
      await commit(under, endpoint, { items: [guarded('a')] });
      expect(await commit(under, again, {})).toBe('done');
      expect(idsOf((await takeFrom(under, 'fn-1')).items)).toEqual(['r.a.plan']);
    });

    test('a step beside the group has its discovery at once', async () => {
      const plan = { items: [guarded('a'), guarded('b'), guarded('c')], group: ['a', 'b'] };
      await commit(under, item, plan);
      const { items } = await takeFrom(under, 'fn-1');
      const c = items.find(({ id }) => id === 'r.c.plan');
      if (!c) throw new Error('three steps were planned');
      expect(await commit(under, c, { outputs: [output('c')] })).toBe('continued');
      expect(await members(under, 'run:r:pending')).toEqual(['a', 'b']);
    });

    test('before version 2 planning stays forced, also after the last step', async () => {
      const plan = { items: [guarded('a')], forcesPlan: true, requestVersion: 1 };
      await commit(under, item, plan);
      await commit(under, await takeOne(under, 'fn-1'), { outputs: [output('a')] });
      expect(await fields(under, 'run:r')).toMatchObject({ die: '1' });
    });

    test('an empty answer is fine while something else drives the run', async () => {
      await commit(under, item, { waits: [sampleWait('r', 'w')], items: [guarded('a')] });
      expect(await commit(under, await takeOne(under, 'fn-1'), {})).toBe('done');
      expect((await takeFrom(under, 'fn-1')).items).toEqual([]);
    });

    test('defers are kept by their first record, and history hears of that one alone', async () => {
      const defer = (record: string) => ({ defers: [{ stepId: 'd', record, fact: record }] });
      await commit(under, item, { ...defer('"first"'), outputs: [output('a')] });
      await commit(under, await takeOne(under, 'fn-1'), {
        ...defer('"second"'),
        outputs: [output('b')],
      });
      expect((await loadRun(store, 'r', { withSteps: false }))?.defers).toEqual([['d', '"first"']]);
      expect(await list(under, 'outbox')).toEqual(['"first"']);
    });

    test('without an item of its own a report is committed to the run', async () => {
      const request = { nowMs: now, item: null, runId: 'r', stateBytesMax: 1_000 };
      const plan = samplePlan('r', { outputs: [output('a')] });
      expect(await commitSteps(store, { ...request, plan })).toBe('continued');
      expect(await steps()).toEqual([['a', '{"data":"a"}']]);
      expect(await commitSteps(store, { ...request, runId: 'gone', plan })).toBe('gone');
    });
  });
});

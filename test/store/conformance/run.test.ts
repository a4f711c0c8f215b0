/** Scripts that create, read and end runs, code by code (lua/run_*.lua). */
import { beforeEach, describe, expect, test } from 'bun:test';
import { requeue } from '../../../src/queue/queue.ts';
import { createRun } from '../../../src/state/run_creation.ts';
import { endRun } from '../../../src/state/run_end.ts';
import { enterRun, loadRun } from '../../../src/state/run_state.ts';
import { eventually } from '../../eventually.ts';
import { idsOf, sampleItem, takeFrom, takeOne } from '../../queue/sample_item.ts';
import {
  commit,
  createSampleRun,
  output,
  runItem,
  sampleEnter,
  sampleMetadata,
  samplePause,
  sampleRun,
  sampleWait,
} from '../../state/sample_run.ts';
import { fields, list, listenFor, type StoreUnderTest } from '../../store_under_test.ts';
import { conformance } from './suite.ts';

conformance('run', (engine) => {
  let under: StoreUnderTest;
  let store: StoreUnderTest['store'];
  let now: number;

  beforeEach(async () => {
    under = await engine.open();
    store = under.store;
    now = under.clock.now();
  });

  /** Starts a run and leases its start item. */
  async function started(runId = 'r') {
    await createSampleRun(store, runId);
    return takeOne(under, 'fn-1');
  }

  describe('run_create', () => {
    test('code 1: state, start item, cancellations and facts are there together', async () => {
      const cancellation = samplePause('r', '', {
        id: 'r.cancel.0',
        kind: 'cancel',
        timeoutItemId: '',
      });
      const run = sampleRun('r', { cancellations: [cancellation], facts: ['"scheduled"'] });
      expect(await createRun(store, run)).toBe(true);
      expect(await loadRun(store, 'r', { withSteps: true })).toEqual({
        metadata: sampleMetadata(),
        events: '[{"name":"test/go"}]',
        startedAtMs: null,
        stepCount: 0,
        stack: [],
        steps: [],
        inputs: [],
        defers: [],
      });
      expect(await list(under, 'outbox')).toEqual(['"scheduled"']);
      expect(idsOf((await takeFrom(under, 'fn-1')).items)).toEqual(['r.start']);
      expect(await store.run('pause_scan', ['test/wanted', 0, 9])).toHaveLength(10);
    });

    test('code 0: a used idempotency key creates nothing and queues what was meant for that case', async () => {
      const idempotencyKeys = [{ key: 'k', lifetimeMs: 1_000 }];
      const otherwise = {
        items: [sampleItem({ id: 'answer', partition: 'events' })],
        facts: ['"told"'],
      };
      expect(await createSampleRun(store, 'r1', { idempotencyKeys, otherwise })).toBe(true);
      expect(await createSampleRun(store, 'r2', { idempotencyKeys, otherwise })).toBe(false);
      expect(await loadRun(store, 'r2', { withSteps: false })).toBeNull();
      expect(idsOf((await takeFrom(under, 'events')).items)).toEqual(['answer']);
      expect(idsOf((await takeFrom(under, 'fn-1')).items)).toEqual(['r1.start']);
    });

    test('an idempotency key outlives its run but not its lifetime', async () => {
      const hourMs = 3_600_000;
      const idempotencyKeys = [{ key: 'k', lifetimeMs: hourMs }];
      await createSampleRun(store, 'r1', { idempotencyKeys });
      await endRun(store, { item: null, runId: 'r1', items: [], facts: [] });
      expect(await createSampleRun(store, 'r2', { idempotencyKeys })).toBe(false);
      const leftMs = Number(await under.read('PTTL', 'once:k'));
      expect(leftMs).toBeGreaterThan(hourMs - 60_000);
      expect(leftMs).toBeLessThanOrEqual(hourMs);
      // Redis goes by a time of its own, which no test can move.
      if (engine.name === 'embedded') {
        under.clock.advance(hourMs - 1);
        expect(await createSampleRun(store, 'r2', { idempotencyKeys })).toBe(false);
        under.clock.advance(1);
      } else {
        await under.read('PEXPIRE', 'once:k', 1);
        await eventually(async () => (await under.read('EXISTS', 'once:k')) === 0);
      }
      expect(await createSampleRun(store, 'r2', { idempotencyKeys })).toBe(true);
    });

    test('one used key of several is enough, and the others stay free', async () => {
      const key = (name: string) => ({ key: name, lifetimeMs: 1_000 });
      await createSampleRun(store, 'r1', { idempotencyKeys: [key('a')] });
      expect(await createSampleRun(store, 'r2', { idempotencyKeys: [key('b'), key('a')] })).toBe(
        false,
      );
      expect(await createSampleRun(store, 'r3', { idempotencyKeys: [key('b')] })).toBe(true);
    });

    test('steps that another run has finished and inputs count as if they were the run’s own', async () => {
      const preset = {
        steps: [
          ['s2', '{"data":2}'],
          ['s1', 'null'],
        ],
        inputs: [['s3', '{"input":["é"]}']],
      } as const;
      await createSampleRun(store, 'r', { preset });
      expect(await loadRun(store, 'r', { withSteps: true })).toMatchObject({
        stepCount: 2,
        stack: ['s2', 's1'],
        inputs: preset.inputs,
      });
      const entered = await enterRun(store, await takeOne(under, 'fn-1'), sampleEnter(now));
      expect(entered).toMatchObject({
        kind: 'entered',
        isFirst: true,
        state: { stateBytes: '{"data":2}'.length + 'null'.length, isPlanForced: false },
      });
      expect(await fields(under, 'run:r:steps')).toEqual(Object.fromEntries(preset.steps));
    });

    test('code 0: a run that exists is left alone', async () => {
      await createSampleRun(store, 'r', { events: '["first"]' });
      expect(await createSampleRun(store, 'r', { events: '["second"]' })).toBe(false);
      expect((await loadRun(store, 'r', { withSteps: false }))?.events).toBe('["first"]');
    });
  });

  describe('run_enter', () => {
    test('code 1: marks the first execution once, with its fact and its items', async () => {
      const item = await started();
      const firstItems = [sampleItem({ id: 'deadline', partition: 'timers' })];
      const first = await enterRun(store, item, sampleEnter(now, { firstItems }));
      expect(first).toMatchObject({
        kind: 'entered',
        isFirst: true,
        state: {
          requestVersion: -1,
          isPlanForced: false,
          startedAtMs: now,
          stepCount: 0,
          stateBytes: 0,
        },
      });
      under.clock.advance(10);
      const second = await enterRun(store, item, sampleEnter(now + 10, { firstItems }));
      expect(second).toMatchObject({ isFirst: false, state: { startedAtMs: now } });
      expect(await list(under, 'outbox')).toEqual(['"started"']);
      expect(idsOf((await takeFrom(under, 'timers')).items)).toEqual(['deadline']);
    });

    test('code 1: gives steps, stack and defers, and leaves steps out that are too large', async () => {
      const item = await started();
      const defers = [{ stepId: 'd', record: '{"x":1}', fact: '' }];
      await commit(under, item, { outputs: [output('b'), output('a')], defers, requestVersion: 2 });
      const next = await takeOne(under, 'fn-1');
      expect(await enterRun(store, next, sampleEnter(now))).toMatchObject({
        state: {
          requestVersion: 2,
          stepCount: 2,
          stateBytes: 24,
          areStepsLeftOut: false,
          stack: ['b', 'a'],
          steps: expect.arrayContaining([
            ['a', '{"data":"a"}'],
            ['b', '{"data":"b"}'],
          ]),
          defers: [['d', '{"x":1}']],
        },
      });
      expect(await enterRun(store, next, sampleEnter(now, { inlineBytesMax: 24 }))).toMatchObject({
        state: { areStepsLeftOut: false },
      });
      expect(await enterRun(store, next, sampleEnter(now, { inlineBytesMax: 23 }))).toMatchObject({
        state: { areStepsLeftOut: true, steps: [], stack: ['b', 'a'] },
      });
    });

    test('code 0: the run is gone and takes the item with it', async () => {
      await createSampleRun(store, 'r');
      const other = sampleItem({ id: 'left-over', runId: 'gone' });
      await store.run('queue_enqueue', [
        1,
        other.id,
        'fn-2',
        'a',
        'edge',
        'gone',
        0,
        0,
        5,
        '{}',
        0,
      ]);
      const item = await takeOne(under, 'fn-2');
      expect(await enterRun(store, item, sampleEnter(now))).toEqual({ kind: 'gone' });
      expect((await under.keys()).filter((key) => key.includes('left-over'))).toEqual([]);
    });

    test('code -1: a lost lease changes nothing', async () => {
      const item = await started();
      const stale = { ...item, leaseToken: 'other' };
      expect(await enterRun(store, stale, sampleEnter(now))).toEqual({ kind: 'lease_lost' });
      expect((await loadRun(store, 'r', { withSteps: false }))?.startedAtMs).toBeNull();
    });

    test('code -2: a sleep ends while siblings are open: it is kept and nothing is called', async () => {
      const item = await started();
      await enterRun(store, item, sampleEnter(now));
      const sleep = runItem('r', 'nap.sleep', { kind: 'sleep' });
      const plan = runItem('r', 'work.plan');
      await commit(under, item, {
        group: ['nap', 'work'],
        items: [sleep, plan].map((each) => ({ openStepId: '', fact: '', item: each })),
      });
      const { items } = await takeFrom(under, 'fn-1');
      const [woken, work] = items;
      if (!woken || !work) throw new Error('two items were queued');
      const slept = { stepId: 'nap', parallelMode: 'wait', fact: '"woke"' };
      expect(await enterRun(store, woken, sampleEnter(now, { slept }))).toEqual({
        kind: 'siblings_open',
      });
      expect(await list(under, 'outbox')).toContain('"woke"');
      expect(await commit(under, work, { outputs: [output('work')] })).toBe('continued');
    });

    test('a sleep that ends last, or in race mode, goes on at once', async () => {
      for (const parallelMode of ['wait', 'race']) {
        const runId = `r-${parallelMode}`;
        const item = await started(runId);
        const group = parallelMode === 'race' ? ['nap', 'other'] : ['nap'];
        const sleep = {
          openStepId: 'nap',
          fact: '',
          item: runItem(runId, 'nap.sleep', { kind: 'sleep' }),
        };
        await commit(under, item, { group, items: [sleep] });
        const woken = await takeOne(under, 'fn-1');
        const slept = { stepId: 'nap', parallelMode, fact: '' };
        expect(await enterRun(store, woken, sampleEnter(now, { slept }))).toMatchObject({
          kind: 'entered',
          state: { steps: [['nap', 'null']], stack: ['nap'] },
        });
        // A retry of the same item finds the sleep recorded and goes on, too.
        expect((await enterRun(store, woken, sampleEnter(now, { slept }))).kind).toBe('entered');
        await endRun(store, { item: woken, runId, items: [], facts: [] });
      }
      // Only what the first execution has to tell.
      expect(await list(under, 'outbox')).toEqual(['"started"', '"started"']);
    });

    test('a sleep that ends as the last of its group lets code run in line again', async () => {
      const sleep = runItem('r', 'nap.sleep', { kind: 'sleep' });
      await commit(under, await started(), {
        group: ['nap'],
        items: [{ openStepId: 'nap', fact: '', item: sleep }],
        forcesPlan: true,
        requestVersion: 2,
      });
      const woken = await takeOne(under, 'fn-1');
      expect(await enterRun(store, woken, sampleEnter(now))).toMatchObject({
        state: { isPlanForced: true },
      });
      const slept = { stepId: 'nap', parallelMode: 'wait', fact: '' };
      expect(await enterRun(store, woken, sampleEnter(now, { slept }))).toMatchObject({
        state: { isPlanForced: false },
      });
    });

    test('of several reasons to end the run the first is told: timeout, steps, size', async () => {
      const first = await started();
      await commit(under, first, { outputs: [output('a')] });
      const item = await takeOne(under, 'fn-1');
      const late = { startTimeoutMs: 1, scheduledAtMs: 1_000 };
      const over = { stepsMax: 1, stateBytesMax: 11 };
      const enter = async (changes: object) =>
        (await enterRun(store, item, sampleEnter(now, changes))).kind;
      expect(await enter({ ...late, ...over })).toBe('start_timeout');
      expect(await enter({ ...late, stateBytesMax: 11 })).toBe('start_timeout');
      expect(await enter(over)).toBe('step_limit');
    });

    test('code -3 and -4: timeouts are told, the caller ends the run', async () => {
      const item = await started();
      const late = sampleEnter(now, { startTimeoutMs: now - 1_000, scheduledAtMs: 1_000 });
      expect((await enterRun(store, item, late)).kind).toBe('start_timeout');
      const intime = sampleEnter(now, { startTimeoutMs: now - 999, scheduledAtMs: 1_000 });
      expect((await enterRun(store, item, intime)).kind).toBe('entered');
      // Once the run has started, its start timeout is over.
      expect((await enterRun(store, item, late)).kind).toBe('entered');
      const finish = (atMs: number) => sampleEnter(atMs, { finishTimeoutMs: 50 });
      expect((await enterRun(store, item, finish(now + 49))).kind).toBe('entered');
      expect((await enterRun(store, item, finish(now + 50))).kind).toBe('finish_timeout');
    });

    test('code -5: the step limit is told', async () => {
      const item = await started();
      await commit(under, item, { outputs: [output('a'), output('b')] });
      const next = await takeOne(under, 'fn-1');
      expect((await enterRun(store, next, sampleEnter(now, { stepsMax: 3 }))).kind).toBe('entered');
      expect((await enterRun(store, next, sampleEnter(now, { stepsMax: 2 }))).kind).toBe(
        'step_limit',
      );
    });

    test('code -6: outputs over the limit are told; 0 is no limit', async () => {
      const item = await started();
      await commit(under, item, { outputs: [output('a')] });
      const next = await takeOne(under, 'fn-1');
      const limited = (stateBytesMax: number) => sampleEnter(now, { stateBytesMax });
      expect((await enterRun(store, next, limited(12))).kind).toBe('entered');
      expect((await enterRun(store, next, limited(0))).kind).toBe('entered');
      expect(await enterRun(store, next, limited(11))).toMatchObject({
        kind: 'state_limit',
        state: { stateBytes: 12, stepCount: 1 },
      });
    });
  });

  describe('run_load', () => {
    test('code 0: there is no such run', async () => {
      expect(await loadRun(store, 'r', { withSteps: true })).toBeNull();
    });

    test('code 1: with or without the finished steps', async () => {
      const item = await started();
      await enterRun(store, item, sampleEnter(now));
      await commit(under, item, { outputs: [output('a')] });
      const known = { startedAtMs: now, stepCount: 1 };
      const without = await loadRun(store, 'r', { withSteps: false });
      expect(without).toMatchObject({ ...known, stack: [], steps: [] });
      const steps = [['a', '{"data":"a"}']];
      expect(await loadRun(store, 'r', { withSteps: true })).toMatchObject({
        ...known,
        stack: ['a'],
        steps,
      });
    });
  });

  describe('run_jobs', () => {
    test('lists the items of a run and whether they are leased', async () => {
      const item = await started();
      const planned = runItem('r', 'a.plan', { atMs: 7_000 });
      await commit(under, item, { items: [{ openStepId: 'a', fact: '', item: planned }] });
      expect(await store.run('run_jobs', ['r', 10])).toEqual(['r.a.plan', 'edge', '7000', '0', 0]);
      const taken = await takeOne(under, 'fn-1');
      expect(await store.run('run_jobs', ['r', 10])).toEqual(['r.a.plan', 'edge', '7000', '0', 1]);
      await requeue(store, taken, { nowMs: now, isAttempt: true, delaysMs: [5] });
      expect(await store.run('run_jobs', ['r', 10])).toEqual([
        'r.a.plan',
        'edge',
        String(now + 5),
        '1',
        0,
      ]);
      expect(await store.run('run_jobs', ['r', 0])).toEqual([]);
    });
  });

  describe('run_finish', () => {
    test('takes the timers along that would have ended the run', async () => {
      const deadline = runItem('r', 'deadline:finish.9', {
        kind: 'deadline',
        partition: 'timers',
        atMs: now + 9,
        scoreMs: now + 9,
      });
      await createSampleRun(store, 'r', { items: [runItem('r', 'start'), deadline] });
      const item = await takeOne(under, 'fn-1');
      await endRun(store, { item, runId: 'r', items: [], facts: [] });
      expect((await under.keys()).filter((key) => !key.startsWith('outbox'))).toEqual([]);
    });

    test('code 1: leaves nothing of the run but its events and facts', async () => {
      const cancellation = samplePause('r', '', {
        id: 'r.cancel.0',
        kind: 'cancel',
        timeoutItemId: '',
      });
      await createSampleRun(store, 'r', { cancellations: [cancellation] });
      const item = await takeOne(under, 'fn-1');
      const planned = { openStepId: '', fact: '', item: runItem('r', 'p.plan') };
      const kinds = ['event', 'signal', 'invoke'] as const;
      await commit(under, item, {
        outputs: [output('a')],
        group: ['p', ...kinds],
        items: [planned],
        waits: kinds.map((kind) => sampleWait('r', kind, { of: { kind, subject: `the-${kind}` } })),
        defers: [{ stepId: 'd', record: '{}', fact: '' }],
      });
      const { items } = await takeFrom(under, 'fn-1');
      const ended = {
        item: items[0] ?? null,
        runId: 'r',
        items: [sampleItem({ id: 'finished', partition: 'events' })],
        facts: ['"ended"'],
      };
      expect(await endRun(store, ended)).toBe('ended');
      expect(idsOf((await takeFrom(under, 'events')).items)).toEqual(['finished']);
      expect(await list(under, 'outbox')).toEqual(['"ended"']);
      const left = (await under.keys()).filter((key) => !key.includes('finished'));
      expect(left).toEqual([
        'outbox',
        'pause-sequence',
        'x:inflight:a:system',
        'x:lease',
        'x:leased:events',
        'x:leases',
      ]);
    });

    test('code 1: says that the run has ended', async () => {
      const item = await started();
      const heard = await listenFor(under, 'ended');
      await endRun(store, { item, runId: 'r', items: [], facts: [] });
      await endRun(store, { item: null, runId: 'r', items: [], facts: [] });
      expect(await heard()).toEqual(['r']);
    });

    test('code 0: of two ends only the first tells, and the second’s item goes', async () => {
      const item = await started();
      const end = {
        runId: 'r',
        items: [sampleItem({ id: 'told', partition: 'events' })],
        facts: ['"f"'],
      };
      expect(await endRun(store, { ...end, item: null })).toBe('ended');
      expect(await endRun(store, { ...end, item: null })).toBe('ended_before');
      expect(await endRun(store, { ...end, item })).toBe('lease_lost');
      expect(await list(under, 'outbox')).toEqual(['"f"']);
      await createSampleRun(store, 'other', { items: [runItem('r', 'stray')] });
      const stray = await takeOne(under, 'fn-1');
      expect(await endRun(store, { ...end, item: stray })).toBe('ended_before');
      expect((await under.keys()).filter((key) => key.includes('stray'))).toEqual([]);
    });

    test('code -1: whoever has lost the lease ends nothing', async () => {
      const item = await started();
      const end = { item: { ...item, leaseToken: 'other' }, runId: 'r', items: [], facts: [] };
      expect(await endRun(store, end)).toBe('lease_lost');
      expect(await loadRun(store, 'r', { withSteps: false })).not.toBeNull();
    });
  });
});

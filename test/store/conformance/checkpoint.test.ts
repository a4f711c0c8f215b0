/** checkpoint_commit, code by code. */
import { beforeEach, describe, expect, test } from 'bun:test';
import type { LeasedItem } from '../../../src/queue/item.ts';
import { requeue } from '../../../src/queue/queue.ts';
import { loadRun } from '../../../src/state/run_state.ts';
import { commitCheckpoint } from '../../../src/state/step_commit.ts';
import { takeFrom, takeOne } from '../../queue/sample_item.ts';
import { createSampleRun, output } from '../../state/sample_run.ts';
import { fields, list, type StoreUnderTest } from '../../store_under_test.ts';
import { conformance } from './suite.ts';

conformance('checkpoint', (engine) => {
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

  const steps = async () => (await loadRun(store, 'r', { withSteps: true }))?.steps ?? [];

  describe('checkpoint_commit', () => {
    const checkpoint = (changes: Partial<Parameters<typeof commitCheckpoint>[1]> = {}) =>
      commitCheckpoint(store, {
        runId: 'r',
        itemId: item.id,
        generation: null,
        stateBytesMax: 1_000,
        stepsMax: 10,
        outputs: [output('a', { fact: '"a"' })],
        defers: [{ stepId: 'd', record: '{}', fact: '"d"' }],
        facts: ['"more"'],
        ...changes,
      });

    test('code -3: more steps than allowed are refused, known ones do not count twice', async () => {
      expect(await checkpoint({ stepsMax: 1 })).toBe('saved');
      expect(await checkpoint({ stepsMax: 1 })).toBe('saved');
      expect(await checkpoint({ stepsMax: 1, outputs: [output('b')] })).toBe('step_overflow');
      expect(await steps()).toEqual([['a', '{"data":"a"}']]);
    });

    test('code 1: saves steps while the call goes on and queues nothing', async () => {
      expect(await checkpoint()).toBe('saved');
      expect(await checkpoint()).toBe('saved');
      expect(await steps()).toEqual([['a', '{"data":"a"}']]);
      expect(await list(under, 'outbox')).toEqual(['"a"', '"d"', '"more"', '"more"']);
      expect((await takeFrom(under, 'fn-1')).items).toEqual([]);
    });

    test('code 0: the run is gone', async () => {
      expect(await checkpoint({ runId: 'gone' })).toBe('gone');
    });

    test('code -1: the item was handed out again since', async () => {
      expect(await checkpoint({ generation: 1 })).toBe('stale');
      expect(await checkpoint({ generation: 0 })).toBe('saved');
      expect(await checkpoint({ itemId: 'gone', generation: 0 })).toBe('stale');
    });

    test('code -2: outputs beyond the limit; as much as the limit is fine', async () => {
      expect(await checkpoint({ stateBytesMax: 11 })).toBe('state_overflow');
      expect(await steps()).toEqual([]);
      expect(await checkpoint({ stateBytesMax: 12 })).toBe('saved');
    });

    test('defers are kept by their first record, and history hears of that one alone', async () => {
      await checkpoint({ facts: [] });
      const second = { stepId: 'd', record: '"second"', fact: '"second"' };
      await checkpoint({ defers: [second, { ...second, stepId: 'e', fact: '' }], facts: [] });
      expect((await loadRun(store, 'r', { withSteps: false }))?.defers).toEqual([
        ['d', '{}'],
        ['e', '"second"'],
      ]);
      expect(await list(under, 'outbox')).toEqual(['"a"', '"d"']);
    });

    test('an item of another run keeps its attempts', async () => {
      await createSampleRun(store, 'q');
      const other = await takeOne(under, 'fn-1');
      await requeue(store, other, { nowMs: now, isAttempt: true, delaysMs: [0] });
      expect(await checkpoint({ itemId: other.id })).toBe('saved');
      expect(await fields(under, `item:${other.id}`)).toMatchObject({ a: '1' });
    });

    test('a call that gets further has its attempts anew, one that does not has not', async () => {
      await requeue(store, item, { nowMs: now, isAttempt: true, delaysMs: [0] });
      item = await takeOne(under, 'fn-1');
      expect(item.attempt).toBe(1);
      expect(await checkpoint({ outputs: [] })).toBe('saved');
      expect(await fields(under, `item:${item.id}`)).toMatchObject({ a: '1' });
      expect(await checkpoint()).toBe('saved');
      expect(await fields(under, `item:${item.id}`)).toMatchObject({ a: '0' });
      await requeue(store, item, { nowMs: now, isAttempt: true, delaysMs: [0] });
      item = await takeOne(under, 'fn-1');
      expect(await checkpoint()).toBe('saved');
      expect(await fields(under, `item:${item.id}`)).toMatchObject({ a: '1' });
    });
  });
});

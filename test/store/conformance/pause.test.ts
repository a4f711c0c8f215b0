/** Scripts that end waits, code by code. */
import { beforeEach, describe, expect, test } from 'bun:test';
import { resolvePauses, scanPauses, timeOutPause } from '../../../src/pause/pause.ts';
import { endRun } from '../../../src/state/run_end.ts';
import { loadRun } from '../../../src/state/run_state.ts';
import { idsOf, takeFrom, takeOne } from '../../queue/sample_item.ts';
import { commit, createSampleRun, samplePause, sampleWait } from '../../state/sample_run.ts';
import { list, listenFor, type StoreUnderTest } from '../../store_under_test.ts';
import { conformance } from './suite.ts';

conformance('pause', (engine) => {
  let under: StoreUnderTest;
  let store: StoreUnderTest['store'];
  let now: number;

  beforeEach(async () => {
    under = await engine.open();
    store = under.store;
    now = under.clock.now();
  });

  /** A run that waits. */
  async function waiting(runId = 'r', ...waits: ReturnType<typeof sampleWait>[]): Promise<void> {
    await createSampleRun(store, runId);
    const item = await takeOne(under, 'fn-1');
    await commit(under, item, { waits: waits.length > 0 ? waits : [sampleWait(runId, 'w')] });
  }

  const resolution = (pauseId: string) => ({ pauseId, output: '{"n":1}', fact: '"resolved"' });

  describe('pause_resolve', () => {
    test('code 1: stores the result, queues the discovery, and removes pause and timeout', async () => {
      await waiting();
      const args = [now, 2, 'r.w', '{"n":1}', '"f"', 'r.missing', 'null', '"g"'];
      expect(await store.run('pause_resolve', args)).toEqual([1, 0]);
      const { items } = await takeFrom(under, 'fn-1');
      expect(items).toMatchObject([
        { id: 'r.next:w', kind: 'edge', runId: 'r', data: '"discovery"', attemptsMax: 5 },
      ]);
      expect((await loadRun(store, 'r', { withSteps: true }))?.steps).toEqual([['w', '{"n":1}']]);
      expect(await list(under, 'outbox')).toEqual(['"f"']);
      expect((await under.keys()).filter((key) => /pause|timers|timeout/.test(key))).toEqual([
        'pause-sequence',
      ]);
    });

    test('code 0: a wait that is over stays as it ended', async () => {
      await waiting();
      await resolvePauses(store, now, [resolution('r.w')]);
      expect(await store.run('pause_resolve', [now, 1, 'r.w', '2', '"again"'])).toEqual([0]);
      expect((await loadRun(store, 'r', { withSteps: true }))?.steps).toEqual([['w', '{"n":1}']]);
      expect(idsOf((await takeFrom(under, 'fn-1')).items)).toEqual(['r.next:w']);
      expect(await list(under, 'outbox')).toEqual(['"resolved"']);
    });

    test('the last wait of a group lets code run in line again', async () => {
      await createSampleRun(store, 'r');
      await commit(under, await takeOne(under, 'fn-1'), {
        waits: [sampleWait('r', 'v'), sampleWait('r', 'w')],
        group: ['v', 'w'],
        forcesPlan: true,
        requestVersion: 2,
      });
      await resolvePauses(store, now, [resolution('r.v')]);
      expect(await under.read('HGET', 'run:r', 'die')).toBe('1');
      expect((await takeFrom(under, 'fn-1')).items).toEqual([]);
      await resolvePauses(store, now, [resolution('r.w')]);
      expect(await under.read('HGET', 'run:r', 'die')).toBe('0');
      expect(idsOf((await takeFrom(under, 'fn-1')).items)).toEqual(['r.next:w']);
    });

    test('tells history nothing where there is nothing to tell', async () => {
      await waiting();
      expect(await resolvePauses(store, now, [{ ...resolution('r.w'), fact: '' }])).toEqual([true]);
      expect(await under.keys()).not.toContain('outbox');
    });

    test('tells that a wait for an event is over, and which', async () => {
      const signal = sampleWait('r', 's', { of: { kind: 'signal', subject: 'go' } });
      await waiting('r', sampleWait('r', 'w', { of: { subject: 'an event' } }), signal);
      const heard = await listenFor(under, 'unpaused');
      await resolvePauses(store, now, [resolution('r.w'), resolution('r.s')]);
      expect(await heard()).toEqual(['r.w an event']);
    });

    test('code 0: what waited for a run that has ended is removed', async () => {
      await waiting();
      await under.read('DEL', 'run:r');
      expect(await resolvePauses(store, now, [resolution('r.w')])).toEqual([false]);
      expect((await under.keys()).filter((key) => /pause:|timeout|outbox/.test(key))).toEqual([]);
    });

    test('the discovery carries the concurrency keys of its run', async () => {
      const followUp = {
        ...samplePause('r', 'w').followUp,
        concurrencyKeys: [{ key: 'k', limit: 1 }],
      };
      await waiting('r', sampleWait('r', 'w', { of: { followUp } }));
      await resolvePauses(store, now, [resolution('r.w')]);
      await takeOne(under, 'fn-1');
      expect(await under.keys()).toContain('x:inflight:k');
    });
  });

  describe('pause_timeout', () => {
    const timeOut = async (output = 'null') => {
      const item = await takeOne(under, 'timers');
      return timeOutPause(store, under.clock.now(), item, {
        pauseId: 'r.w',
        output,
        fact: '"over"',
      });
    };

    test('code 1: ends the wait and goes with it', async () => {
      await waiting('r', sampleWait('r', 'w', { atMs: now + 5_000 }));
      under.clock.advance(5_000);
      expect(await timeOut()).toBe(true);
      expect((await loadRun(store, 'r', { withSteps: true }))?.steps).toEqual([['w', 'null']]);
      expect(idsOf((await takeFrom(under, 'fn-1')).items)).toEqual(['r.next:w']);
      expect(await list(under, 'outbox')).toEqual(['"over"']);
    });

    test('code 0: the wait was over before; the item goes', async () => {
      await waiting('r', sampleWait('r', 'w', { atMs: now }));
      const item = await takeOne(under, 'timers');
      await under.read('HSETNX', 'run:r:steps', 'w', '"early"');
      expect(
        await store.run('pause_timeout', [now, item.id, item.leaseToken, 'r.w', 'null', '"f"']),
      ).toBe(0);
      expect((await under.keys()).filter((key) => key.includes('timeout'))).toEqual([]);
      expect(await under.keys()).not.toContain('outbox');
    });

    test('code 0: the item goes also when the wait went without it', async () => {
      await waiting('r', sampleWait('r', 'w', { atMs: now }));
      const { id, leaseToken } = await takeOne(under, 'timers');
      await under.read('DEL', 'pause:r.w');
      const args = [now, id, leaseToken, 'r.w', 'null', '"f"'];
      expect(await store.run('pause_timeout', args)).toBe(0);
      expect((await under.keys()).filter((key) => /timeout|outbox/.test(key))).toEqual([]);
    });

    test('tells history nothing where there is nothing to tell', async () => {
      await waiting('r', sampleWait('r', 'w', { atMs: now }));
      const item = await takeOne(under, 'timers');
      const silent = { pauseId: 'r.w', output: 'null', fact: '' };
      expect(await timeOutPause(store, now, item, silent)).toBe(true);
      expect(await under.keys()).not.toContain('outbox');
    });

    test('code -1: whoever has lost the lease ends nothing', async () => {
      await waiting('r', sampleWait('r', 'w', { atMs: now }));
      const item = await takeOne(under, 'timers');
      expect(await store.run('pause_timeout', [now, item.id, 'other', 'r.w', 'null', '"f"'])).toBe(
        -1,
      );
      expect((await scanPauses(store, 'test/wanted', 0, 9)).pauses.map(({ id }) => id)).toEqual([
        'r.w',
      ]);
    });

    test('of event and timeout the first counts', async () => {
      await waiting('r', sampleWait('r', 'w', { atMs: now }));
      const item = await takeOne(under, 'timers');
      await resolvePauses(store, now, [resolution('r.w')]);
      const over = { pauseId: 'r.w', output: 'null', fact: '"over"' };
      expect(await timeOutPause(store, now, item, over)).toBe(false);
      expect((await loadRun(store, 'r', { withSteps: true }))?.steps).toEqual([['w', '{"n":1}']]);
    });
  });

  describe('signal_find', () => {
    const signal = { kind: 'signal', subject: 'go' } as const;

    test('{pause, run, step, name}: the wait for the signal; {}: nobody waits', async () => {
      await waiting('r', sampleWait('r', 'w', { of: signal }));
      expect(await store.run('signal_find', [now, 'other'])).toEqual([]);
      const found = await store.run('signal_find', [now, 'go']);
      expect(found).toEqual(['r.w', 'r', 'w', expect.any(String)]);
      expect(await resolvePauses(store, now, [{ pauseId: 'r.w', output: '1', fact: '' }])).toEqual([
        true,
      ]);
      expect(await store.run('signal_find', [now, 'go'])).toEqual([]);
      expect((await under.keys()).filter((key) => key.startsWith('signal:'))).toEqual([]);
    });

    test('the wait of another run that has replaced this one stays when this one ends', async () => {
      await waiting('r', sampleWait('r', 'w', { of: signal }));
      await waiting('q', sampleWait('q', 'w', { of: signal, conflict: 'replace' }));
      await endRun(store, { item: null, runId: 'r', items: [], facts: [] });
      const found = await store.run('signal_find', [now, 'go']);
      expect(found).toEqual(['q.w', 'q', 'w', expect.any(String)]);
    });

    test('{}: the wait is gone', async () => {
      await waiting('r', sampleWait('r', 'w', { of: signal }));
      await under.read('DEL', 'pause:r.w');
      expect(await store.run('signal_find', [now, 'go'])).toEqual([]);
    });

    test('{}: a wait whose time is over gets no signal any more', async () => {
      await waiting('r', sampleWait('r', 'w', { of: signal, atMs: now + 10 }));
      expect(await store.run('signal_find', [now + 10, 'go'])).toEqual([]);
    });
  });

  describe('pause_scan', () => {
    test('says that nobody waits for an event', async () => {
      const none = { pauses: [], storedCount: 0 };
      expect(await scanPauses(store, 'test/wanted', 0, 9)).toEqual(none);
    });

    test('lists waits and cancellations of one event by their creation, page by page', async () => {
      const cancel = {
        id: 'r.cancel.0',
        kind: 'cancel',
        timeoutItemId: '',
        expression: 'x',
        triggerId: 'event-1',
      } as const;
      await createSampleRun(store, 'r', { cancellations: [samplePause('r', '', cancel)] });
      const item = await takeOne(under, 'fn-1');
      const other = sampleWait('r', 'other', { of: { subject: 'test/other' } });
      await commit(under, item, { waits: [other, sampleWait('r', 'a'), sampleWait('r', 'b')] });
      const { pauses: all, storedCount } = await scanPauses(store, 'test/wanted', 0, 9);
      expect(storedCount).toBe(3);
      expect(all.map(({ id, kind }) => [id, kind])).toEqual([
        ['r.cancel.0', 'cancel'],
        ['r.a', 'event'],
        ['r.b', 'event'],
      ]);
      expect(all[0]).toMatchObject({ expression: 'x', runId: 'r', stepId: '', createdMs: 1_000 });
      expect(all.map(({ triggerId }) => triggerId)).toEqual(['event-1', '', '']);
      const first = await scanPauses(store, 'test/wanted', 0, 2);
      expect(first).toEqual({ pauses: all.slice(0, 2), storedCount });
      const rest = await scanPauses(store, 'test/wanted', all[1]?.sequence ?? 0, 2);
      expect(rest).toEqual({ pauses: all.slice(2), storedCount });
      await endRun(store, { item: null, runId: 'r', items: [], facts: [] });
      expect((await scanPauses(store, 'test/wanted', 0, 9)).pauses).toEqual([]);
    });
  });
});

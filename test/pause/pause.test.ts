/** Scripts that end waits, code by code, and the view of who waits for what. */
import { beforeEach, describe, expect, test } from 'bun:test';
import { resolvePauses, scanPauses, timeOutPause } from '../../src/pause/pause.ts';
import { matchToleranceMs, Waiting } from '../../src/pause/waiting.ts';
import { endRun } from '../../src/state/run_end.ts';
import { loadRun } from '../../src/state/run_state.ts';
import { listenToScripts } from '../../src/store/messages.ts';
import { idsOf, takeFrom, takeOne } from '../queue/sample_item.ts';
import { commit, createSampleRun, runItem, samplePause, sampleWait } from '../state/sample_run.ts';
import { list, openStoreUnderTest, type StoreUnderTest } from '../store_under_test.ts';

let under: StoreUnderTest;
let store: StoreUnderTest['store'];
let now: number;

beforeEach(async () => {
  under = await openStoreUnderTest();
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
    expect((await under.keys()).filter((key) => /pause:|timers|timeout/.test(key))).toEqual([]);
  });

  test('code 0: a wait that is over stays as it ended', async () => {
    await waiting();
    await resolvePauses(store, now, [resolution('r.w')]);
    expect(await store.run('pause_resolve', [now, 1, 'r.w', '2', '"again"'])).toEqual([0]);
    expect((await loadRun(store, 'r', { withSteps: true }))?.steps).toEqual([['w', '{"n":1}']]);
    expect(idsOf((await takeFrom(under, 'fn-1')).items)).toEqual(['r.next:w']);
    expect(await list(under, 'outbox')).toEqual(['"resolved"']);
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
    return timeOutPause(store, under.clock.now(), item, { pauseId: 'r.w', output, fact: '"over"' });
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

  test('{}: a wait whose time is over gets no signal any more', async () => {
    await waiting('r', sampleWait('r', 'w', { of: signal, atMs: now + 10 }));
    expect(await store.run('signal_find', [now + 10, 'go'])).toEqual([]);
  });
});

describe('pause_scan', () => {
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

describe('the view of who waits', () => {
  test('sees waits as they come, only once, until they are forgotten', async () => {
    const view = new Waiting(store, under.clock);
    const seen = async () => (await view.candidates('test/wanted', now)).map(({ id }) => id);
    expect(await seen()).toEqual([]);
    await waiting('r1', sampleWait('r1', 'w'));
    expect(await seen()).toEqual(['r1.w']);
    await waiting('r2', sampleWait('r2', 'w'));
    expect(await seen()).toEqual(['r1.w', 'r2.w']);
    view.forget('test/wanted', 'r1.w');
    expect(await seen()).toEqual(['r2.w']);
  });

  test('leaves out waits that have expired or began too long after the event', async () => {
    const view = new Waiting(store, under.clock);
    const created = (runId: string, createdMs: number, expiresMs: number) =>
      waiting(runId, sampleWait(runId, 'w', { of: { createdMs, expiresMs } }));
    await created('expired', now, now);
    await created('in-time', now + matchToleranceMs, now + 1);
    await created('too-late', now + matchToleranceMs + 1, now + 99);
    expect((await view.candidates('test/wanted', now)).map(({ runId }) => runId)).toEqual([
      'in-time',
    ]);
  });

  test('does not keep the waits of runs that have ended, even when it never hears of their end', async () => {
    const view = new Waiting(store, under.clock);
    for (let i = 0; i < 2_500; i += 1) {
      const cancel = { kind: 'cancel', timeoutItemId: '' } as const;
      const cancellations = [samplePause(`r${i}`, '', cancel)];
      await createSampleRun(store, `r${i}`, { items: [], cancellations });
      if (i % 100 === 0) await view.candidates('test/wanted', now);
      if (i < 10) continue;
      await endRun(store, { item: null, runId: `r${i}`, items: [], facts: [] });
    }
    expect((await view.candidates('test/wanted', now)).length).toBeLessThan(1_100);
  });

  test('hears of each wait that is over, also of those that end with their run', async () => {
    const view = new Waiting(store, under.clock);
    listenToScripts(store, {
      wake: () => undefined,
      facts: () => undefined,
      unpaused: (eventName, pauseId) => view.forget(eventName, pauseId),
    });
    const cancel = {
      id: 'r.cancel.0',
      kind: 'cancel',
      subject: 'an event',
      timeoutItemId: '',
    } as const;
    await createSampleRun(store, 'r', { cancellations: [samplePause('r', '', cancel)] });
    expect(await view.candidates('an event', now)).toHaveLength(1);
    await endRun(store, { item: null, runId: 'r', items: [], facts: [] });
    expect(await view.candidates('an event', now)).toEqual([]);
  });

  test('of a thousand waits and more is complete', async () => {
    await createSampleRun(store, 'r');
    const item = await takeOne(under, 'fn-1');
    const waits = Array.from({ length: 2_100 }, (_, i) => sampleWait('r', `w${i}`));
    await commit(under, item, {
      waits,
      items: [{ openStepId: '', fact: '', item: runItem('r', 'x') }],
    });
    const view = new Waiting(store, under.clock);
    expect(await view.candidates('test/wanted', now)).toHaveLength(2_100);
  });
});

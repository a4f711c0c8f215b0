/** The view of who waits for what; the scripts below it: test/store/conformance/pause.test.ts. */
import { beforeEach, describe, expect, test } from 'bun:test';
import { matchToleranceMs, Waiting } from '../../src/pause/waiting.ts';
import { endRun } from '../../src/state/run_end.ts';
import { listenToScripts } from '../../src/store/messages.ts';
import { takeOne } from '../queue/sample_item.ts';
import { commit, createSampleRun, runItem, samplePause, sampleWait } from '../state/sample_run.ts';
import { openStoreUnderTest, type StoreUnderTest } from '../store_under_test.ts';

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

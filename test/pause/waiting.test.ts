/** The view of who waits for what; the scripts below it: test/store/conformance/pause.test.ts. */
import { beforeEach, describe, expect, test } from 'bun:test';
import { matchToleranceMs, Waiting } from '../../src/pause/waiting.ts';
import { endRun } from '../../src/state/run_end.ts';
import { listenToScripts } from '../../src/store/messages.ts';
import type { Store } from '../../src/store/store.ts';
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

/** Ids of what an event of this name fulfils. */
async function matching(view: Waiting, name = 'test/wanted', data: object = {}): Promise<string[]> {
  const payload = () => ({ name, data });
  return (await view.matches({ name, receivedAtMs: now, payload })).map(({ id }) => id);
}

/** Waits of one run, each with its condition. */
async function waitingFor(...expressions: string[]): Promise<void> {
  const waits = expressions.map((expression, i) =>
    sampleWait('r', `w${i}`, { of: { expression } }),
  );
  await waiting('r', ...waits);
}

/** The store, whose next scan is answered only when the test lets it. */
function withHeldScan(inner: Store): { store: Store; isHeld: Promise<void>; release: () => void } {
  const held = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  let isFirst = true;
  const run: Store['run'] = async (script, args) => {
    const reply = await inner.run(script, args);
    if (script === 'pause_scan' && isFirst) {
      isFirst = false;
      held.resolve();
      await gate.promise;
    }
    return reply;
  };
  const gated = new Proxy(inner, {
    get: (target, name) => (name === 'run' ? run : Reflect.get(target, name)),
  });
  return { store: gated, isHeld: held.promise, release: gate.resolve };
}

describe('the view of who waits', () => {
  test('sees waits as they come, only once, until they are forgotten', async () => {
    const view = new Waiting(store, under.clock);
    const seen = () => matching(view);
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
    expect(await matching(view)).toEqual(['in-time.w']);
  });

  test('does not keep the waits of runs that have ended, even when it never hears of their end', async () => {
    const view = new Waiting(store, under.clock);
    for (let i = 0; i < 2_500; i += 1) {
      const cancel = { kind: 'cancel', timeoutItemId: '' } as const;
      const cancellations = [samplePause(`r${i}`, '', cancel)];
      await createSampleRun(store, `r${i}`, { items: [], cancellations });
      if (i % 100 === 0) await matching(view);
      if (i < 10) continue;
      await endRun(store, { item: null, runId: `r${i}`, items: [], facts: [] });
    }
    expect((await matching(view)).length).toBeLessThan(1_100);
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
    expect(await matching(view, 'an event')).toHaveLength(1);
    await endRun(store, { item: null, runId: 'r', items: [], facts: [] });
    expect(await matching(view, 'an event')).toEqual([]);
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
    expect(await matching(view)).toHaveLength(2_100);
  });

  test('knows whose condition the event fulfils, in the order in which they began', async () => {
    await waitingFor(
      'async.data.id == "b"',
      'async.data.id == "a"',
      '',
      'async.data.total > 5',
      'async.data.id.startsWith("a")',
      'async.data.missing == null',
    );
    const view = new Waiting(store, under.clock);
    const found = await matching(view, 'test/wanted', { id: 'a', total: 1 });
    expect(found).toEqual(['r.w1', 'r.w2', 'r.w4', 'r.w5']);
    view.forget('test/wanted', 'r.w1');
    expect(await matching(view, 'test/wanted', { id: 'a', total: 1 })).not.toContain('r.w1');
  });

  test('tells of conditions that cannot be evaluated, and matches the others', async () => {
    await waitingFor('async.data.n == 1 && async.data.n > "text"', 'async.data.n == 1');
    const view = new Waiting(store, under.clock);
    const failures: string[] = [];
    const arrival = {
      name: 'test/wanted',
      receivedAtMs: now,
      payload: () => ({ data: { n: 1 } }),
    };
    const found = await view.matches(arrival, ({ stepId }, reason) => {
      failures.push(`${stepId}: ${reason}`);
    });
    expect(found.map(({ id }) => id)).toEqual(['r.w1']);
    expect(failures).toEqual([
      'w0: expression errored: invalid type comparison: double with string',
    ]);
  });

  test('lets others work while it tries very many, and leaves out what ends meanwhile', async () => {
    // Each of them takes a good part of a slice.
    const slow = 'async.data.l.all(x, async.data.l[0] == 0 && x == 0)';
    await waitingFor(...Array.from({ length: 20 }, () => slow));
    const view = new Waiting(store, under.clock);
    await matching(view, 'test/wanted', { l: [] });
    let turns = 0;
    let next = setImmediate(function work() {
      turns += 1;
      if (turns === 1) view.forget('test/wanted', 'r.w19');
      next = setImmediate(work);
    });
    const l = Array.from({ length: 20_000 }, () => 0);
    const found = await matching(view, 'test/wanted', { l });
    clearImmediate(next);
    expect(turns).toBeGreaterThan(2);
    expect(found).toEqual(Array.from({ length: 19 }, (_, n) => `r.w${n}`));
  });

  test('that was cleared while it tried conditions is read anew', async () => {
    const slow = 'async.data.l.all(x, async.data.l[0] == 0 && x == 0)';
    await waitingFor(...Array.from({ length: 20 }, () => slow));
    const view = new Waiting(store, under.clock);
    const l = Array.from({ length: 20_000 }, () => 0);
    let trials = 0;
    const payload = () => {
      trials += 1;
      if (trials === 1) setImmediate(() => view.clear());
      return { data: { l } };
    };
    const found = await view.matches({ name: 'test/wanted', receivedAtMs: now, payload });
    expect(found).toHaveLength(20);
    expect(trials).toBe(2);
    expect(view.heldFor('test/wanted')).toBe(20);
  });

  test('does not open the event when nobody waits for it', async () => {
    const view = new Waiting(store, under.clock);
    const payload = (): never => {
      throw new Error('the payload was read');
    };
    expect(await view.matches({ name: 'test/other', receivedAtMs: now, payload })).toEqual([]);
  });

  test('drops what has expired bit by bit, without looking at all of it each time', async () => {
    const waits = Array.from({ length: 500 }, (_, i) => {
      const expiresMs = i % 2 === 0 ? now + 1_000 : now + 1_000_000;
      return sampleWait('r', `w${i}`, { of: { createdMs: now, expiresMs } });
    });
    await waiting('r', ...waits);
    const view = new Waiting(store, under.clock);
    expect(await matching(view)).toHaveLength(500);
    under.clock.advance(2_000);
    expect(await matching(view)).toHaveLength(250);
    expect(view.heldFor('test/wanted')).toBeGreaterThan(400);
    for (let event = 0; event < 20; event += 1) await matching(view);
    expect(view.heldFor('test/wanted')).toBe(250);
    expect(await matching(view)).toHaveLength(250);
  });

  test('brought up to date twice at once is complete and has nothing twice', async () => {
    await waitingFor('', '');
    const slow = withHeldScan(store);
    const view = new Waiting(slow.store, under.clock);
    const first = matching(view);
    await slow.isHeld;
    const second = await matching(view);
    view.forget('test/wanted', 'r.w0');
    slow.release();
    expect(second).toEqual(['r.w0', 'r.w1']);
    // What the second has read and dropped does not come back with the first.
    expect(await first).toEqual(['r.w1']);
    expect(await matching(view)).toEqual(['r.w1']);
  });

  test('that was cleared while it was read counts from the start', async () => {
    await waitingFor('', '', '');
    const slow = withHeldScan(store);
    const view = new Waiting(slow.store, under.clock);
    const reading = matching(view);
    await slow.isHeld;
    view.clear();
    await under.clear();
    await waiting('r2', sampleWait('r2', 'w'));
    slow.release();
    expect(await reading).toEqual(['r2.w']);
    expect(await matching(view)).toEqual(['r2.w']);
  });
});

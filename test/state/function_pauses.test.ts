/** Pausing functions: what servers know of it, and what becomes of runs and events meanwhile (execution.md §17). */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { enqueue } from '../../src/queue/queue.ts';
import { FunctionPauses } from '../../src/state/function_pauses.ts';
import { listenToScripts } from '../../src/store/messages.ts';
import type { Store } from '../../src/store/store.ts';
import { eventually } from '../eventually.ts';
import { FakeClock } from '../fake_clock.ts';
import { sampleFunction } from '../function/sample.ts';
import { sampleItem, takeFrom } from '../queue/sample_item.ts';
import { World } from '../simulation/world.ts';
import { onEachEngine, type StoreUnderTest } from '../store_under_test.ts';

const clock = new FakeClock();
const known = { functionById: (id: string) => (id === 'gone' ? null : sampleKnown(id)) };
const sampleKnown = (id: string) => ({ ...sampleFunction({ id, name: id }), id }) as never;

/** A server's view, kept up to date by the messages of the store. */
async function viewOf(store: Store): Promise<FunctionPauses> {
  const pauses = new FunctionPauses({ store, clock, functions: known });
  listenToScripts(store, { paused: () => void pauses.refresh() });
  await pauses.refresh();
  return pauses;
}

onEachEngine((engine) => {
  describe('servers that share a store', () => {
    let under: StoreUnderTest;
    let views: readonly [FunctionPauses, FunctionPauses];

    beforeEach(async () => {
      under = await engine.open();
      views = [await viewOf(under.store), await viewOf(await under.another())];
    });

    test('agree on what is paused within moments', async () => {
      const [mine, other] = views;
      expect(await mine.pause('fn-1')).toBe('paused');
      expect(mine.isPaused('fn-1')).toBe(true);
      await eventually(() => other.isPaused('fn-1'), { intervalMs: 1 });
      expect(await other.pause('fn-1')).toBe('paused_before');
      expect(await other.unpause('fn-1')).toBe('unpaused');
      await eventually(() => !mine.isPaused('fn-1'), { intervalMs: 1 });
      expect(await mine.unpause('fn-1')).toBe('not_paused');
    });

    test('give none of its work to any of them, also where that is not known yet', async () => {
      await enqueue(under.store, [sampleItem({ id: 'a' })]);
      await views[0].pause('fn-1');
      const another = await under.another();
      expect((await takeFrom({ store: another, clock }, 'fn-1')).outcome).toBe('paused');
      await views[1].unpause('fn-1');
      expect((await takeFrom(under, 'fn-1')).items).toHaveLength(1);
    });

    test('know at their start what was paused before', async () => {
      await views[0].pause('fn-1');
      const late = await viewOf(await under.another());
      expect([late.isPaused('fn-1'), late.isPaused('fn-2')]).toEqual([true, false]);
    });

    test('do not pause what they do not know, but can end any pause', async () => {
      expect(await views[0].pause('gone')).toBeNull();
      expect(await views[0].unpause('gone')).toBeNull();
      await under.store.run('function_pause', [1, 'gone', 'account']);
      expect(await views[0].unpause('gone')).toBe('unpaused');
    });

    test('see the last of many changes', async () => {
      const [mine] = views;
      await Promise.all([mine.pause('a'), mine.unpause('a'), mine.pause('b'), mine.pause('a')]);
      expect([mine.isPaused('a'), mine.isPaused('b')]).toEqual([true, true]);
    });
  });
});

describe('a paused function', () => {
  const hourMs = 60 * 60 * 1_000;
  let world: World;
  beforeEach(async () => {
    world = await World.create();
  });
  afterEach(() => world.close());

  const idOf = (slug: string) => world.server.registry.functionBySlug(`app-${slug}`)?.id ?? '';
  const pause = async (slug = 'fn') => {
    await world.server.pauses.pause(idOf(slug));
    await world.settle();
  };
  const unpause = async (slug = 'fn') => {
    await world.server.pauses.unpause(idOf(slug));
    await world.settle();
  };

  test('starts no run; each is recorded as skipped, and its event may start it later', async () => {
    await world.define('fn', {}, async () => 'done');
    await pause();
    await world.send('test/go', {}, { id: 'mine' });
    const [runId = ''] = world.runsOf('fn');
    expect(world.facts().filter((fact) => 'runId' in fact && fact.runId === runId)).toMatchObject([
      { t: 'run.scheduled', functionSlug: 'app-fn', eventName: 'test/go' },
      { t: 'run.ended', status: 'Skipped', skipReason: 'FunctionPaused', functionSlug: 'app-fn' },
    ]);
    expect(world.keys(/^(run|item|once):/)).toEqual([]);
    await unpause();
    await world.send('test/go', {}, { id: 'mine' });
    expect(world.ended().map(({ status }) => status)).toEqual(['Skipped', 'Completed']);
  });

  test('goes on with its runs where they were when it is unpaused', async () => {
    await world.define('fn', {}, async ({ step }) => {
      await step.sleep('nap', '1m');
      return step.run('a', () => 'A');
    });
    await world.send('test/go');
    await pause();
    await world.advance(hourMs);
    expect(world.app.calls).toHaveLength(1);
    await unpause();
    expect(world.ended()).toMatchObject([{ status: 'Completed', output: 'A' }]);
  });

  test('finishes the calls that are under way, and no more', async () => {
    await world.define('fn', {}, async ({ step }) => {
      await step.run('a', () => 1);
      return step.run('b', () => 2);
    });
    const open = world.app.hold(() => true);
    await world.send('test/go');
    await pause();
    open();
    await world.settle();
    expect([world.app.ran('a'), world.app.ran('b')]).toEqual([1, 0]);
    await unpause();
    expect(world.app.ran('b')).toBe(1);
  });

  test('stays paused over a restart', async () => {
    await world.define('fn', {}, ({ step }) => step.sleep('nap', '1m'));
    await world.send('test/go');
    await pause();
    await world.restart('from_disk');
    await world.advance(hourMs);
    await world.send('test/go');
    expect(world.app.calls).toHaveLength(1);
    expect(world.ended().map(({ status }) => status)).toEqual(['Skipped']);
    await unpause();
    expect(world.ended().map(({ status }) => status)).toEqual(['Skipped', 'Completed']);
  });

  test('leaves others alone', async () => {
    await world.define('fn', {}, async () => 1);
    await world.define('other', {}, async () => 2);
    await pause();
    await world.send('test/go');
    expect(world.ended().map(({ status, output }) => [status, output])).toEqual([
      ['Skipped', null],
      ['Completed', 2],
    ]);
  });

  test('lets others past any number of its runs that wait for a limit they share', async () => {
    const shared = { concurrency: [{ limit: 1, scope: 'env', key: '"all"' }] };
    await world.define('fn', shared, async () => 1);
    await world.define('other', { ...shared, trigger: 'test/other' }, async () => 2);
    const open = world.app.hold(() => true);
    await world.send('test/go');
    // More than one script looks at.
    for (let n = 0; n < 600; n += 1) await world.accept('test/go');
    await world.settle();
    await world.send('test/other');
    await pause();
    open();
    await world.settle();
    expect(world.app.callsOf('app-fn')).toHaveLength(1);
    expect(world.app.callsOf('app-other')).toHaveLength(1);
    await unpause();
    expect(world.app.callsOf('app-fn')).toHaveLength(601);
  });

  test('lets its runs be cancelled, and their time run out', async () => {
    const config = { timeouts: { finish: '1h' }, cancel: [{ event: 'test/stop' }] };
    await world.define('fn', config, ({ step }) => step.sleep('nap', '1d'));
    await world.send('test/go');
    await world.advance(1);
    await pause();
    await world.send('test/stop');
    expect(world.ended()).toMatchObject([{ status: 'Cancelled' }]);
    await unpause();
    await world.send('test/go');
    await pause();
    await world.advance(hourMs);
    expect(world.ended()).toMatchObject([{ status: 'Cancelled' }, { status: 'Cancelled' }]);
  });

  test('answers who invokes it with an error at once', async () => {
    await world.define('child', { trigger: 'test/child' }, async () => 1);
    await world.define('parent', {}, ({ step }) =>
      step.invoke('call', { function_id: 'app-child', payload: {} }),
    );
    await pause('child');
    await world.send('test/go');
    expect(world.ended()).toMatchObject([
      { status: 'Skipped' },
      { status: 'Failed', output: { message: 'invoked function is paused' } },
    ]);
  });

  test('has its schedule skipped, tick by tick', async () => {
    await world.define('fn', { triggers: [{ cron: '0 * * * *' }] }, async () => 0);
    await pause();
    await world.advance(2 * hourMs);
    await unpause();
    await world.advance(hourMs);
    expect(world.ended().map(({ status }) => status)).toEqual(['Skipped', 'Skipped', 'Completed']);
    expect(world.events('inngest/scheduled.timer')).toHaveLength(3);
    const skipped = world.facts().find((fact) => fact.t === 'run.scheduled');
    expect(skipped).toMatchObject({ cron: '0 * * * *' });
  });

  test('records very many skipped runs a part at a time', async () => {
    for (let n = 0; n < 12; n += 1) await world.define(`fn${n}`, {}, async () => n);
    for (let n = 0; n < 12; n += 1) await pause(`fn${n}`);
    for (let n = 0; n < 60; n += 1) await world.accept('test/go');
    await world.settle();
    expect(world.ended().filter(({ status }) => status === 'Skipped')).toHaveLength(720);
  });
});

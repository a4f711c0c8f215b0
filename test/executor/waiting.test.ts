/** Sleeps, waits for events and signals, invokes (execution.md §11, §12). */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { NonRetriable } from '../simulation/workflow.ts';
import { mayRemain, World } from '../simulation/world.ts';

const hourMs = 60 * 60 * 1_000;
let world: World;
beforeEach(async () => {
  world = await World.create();
});
afterEach(() => world.close());

const output = (): unknown => world.ended().at(-1)?.output;

describe('sleep', () => {
  test('wakes on time and the wake-up is the next discovery', async () => {
    await world.define('fn', {}, async ({ step }) => {
      await step.sleep('nap', '2h');
      return 'awake';
    });
    await world.send('test/go');
    await world.advance(2 * hourMs - 1);
    expect(world.app.calls).toHaveLength(1);
    await world.advance(1);
    expect(world.app.calls).toHaveLength(2);
    expect(world.app.calls[1]).toMatchObject({
      steps: [['nap', 'null']],
      stack: ['nap'],
      stackCurrent: 1,
    });
    expect(output()).toBe('awake');
    expect(world.keys().filter((key) => !mayRemain.test(key))).toEqual([]);
  });

  test('until a date, or for no time at all', async () => {
    await world.define('fn', {}, async ({ step }) => {
      await step.sleep('none', '');
      await step.sleep('past', '2020-01-01T00:00:00Z');
      await step.sleep('date', new Date(world.clock.now() + 5_000).toISOString());
    });
    world.recordCallTimes();
    await world.send('test/go');
    await world.advance(10_000);
    expect(world.callTimes.slice(0, 3)).toEqual([0, 0, 0]);
    expect(world.callTimes).toHaveLength(4);
  });

  test('two sleeps of one function end each at its own time', async () => {
    await world.define('fn', { trigger: 'test/sleep' }, async ({ step, event }) => {
      await step.sleep('nap', String(event.data.for));
    });
    world.recordCallTimes();
    await world.send('test/sleep', { for: '5s' });
    await world.send('test/sleep', { for: '9s' });
    await world.advance(20_000);
    expect(world.callTimes).toEqual([0, 0, 5_000, 9_000]);
  });

  test('a discovery after the sleep that fails is retried, the sleep is not', async () => {
    await world.define('fn', { retries: 2 }, async ({ step, attempt }) => {
      await step.sleep('nap', '10s');
      if (attempt === 0) throw new Error('once');
      return attempt;
    });
    await world.send('test/go');
    await world.advance(60_000);
    expect(output()).toBe(1);
    expect(world.stepFacts('nap').map(({ status }) => status)).toEqual(['Sleeping', 'Completed']);
  });
});

describe('waitForEvent', () => {
  const waits = (opts: Record<string, unknown> = {}) =>
    world.define('fn', {}, ({ step }) =>
      step.waitForEvent('w', { event: 'test/wanted', timeout: '1h', ...opts }),
    );

  test('gives the whole event that matches', async () => {
    await waits();
    await world.send('test/go');
    await world.send('test/unwanted');
    expect(world.ended()).toEqual([]);
    const id = await world.send('test/wanted', { n: 7 });
    expect(output()).toMatchObject({ name: 'test/wanted', data: { n: 7 }, id, user: {} });
    await world.advance(2 * hourMs);
    expect(world.app.calls).toHaveLength(2);
    expect(world.keys().filter((key) => !mayRemain.test(key))).toEqual([]);
  });

  test('gives null when time is over, and what comes later is ignored', async () => {
    await waits();
    await world.send('test/go');
    await world.advance(hourMs);
    expect(world.ended()).toMatchObject([{ status: 'Completed', output: null }]);
    await world.send('test/wanted');
    expect(world.app.calls).toHaveLength(2);
    expect(world.stepFacts('w').map(({ status }) => status)).toEqual(['Waiting', 'TimedOut']);
  });

  test('without a timeout is over at once', async () => {
    await waits({ timeout: '' });
    await world.send('test/go');
    expect(world.ended()).toMatchObject([{ status: 'Completed', output: null }]);
  });

  test('takes only events for which its condition holds, with the run’s own event filled in', async () => {
    await waits({ if: 'event.data.user == async.data.user && async.data.n > 3' });
    await world.send('test/go', { user: "o'neil" });
    await world.send('test/go', { user: 'other' });
    await world.send('test/wanted', { user: "o'neil", n: 3 });
    await world.send('test/wanted', { n: 9 });
    expect(world.ended()).toEqual([]);
    await world.send('test/wanted', { user: "o'neil", n: 4 });
    expect(world.ended()).toMatchObject([
      { runId: world.runsOf('fn')[0], output: { data: { n: 4 } } },
    ]);
  });

  test('with a condition that is none fails the run with the exact error', async () => {
    await waits({ if: 'async.data.n >' });
    await world.send('test/go');
    expect(world.ended()).toMatchObject([
      {
        status: 'Failed',
        output: {
          name: 'InvalidExpression',
          message: 'Wait for event If expression failed to compile',
        },
      },
    ]);
  });

  test('one event ends the waits of many runs, and of two events the first counts', async () => {
    await waits();
    for (let i = 0; i < 250; i += 1) await world.accept('test/go', { i });
    await world.settle();
    await Promise.all([
      world.accept('test/wanted', { n: 1 }),
      world.accept('test/wanted', { n: 2 }),
    ]);
    await world.settle();
    expect(world.ended()).toHaveLength(250);
    const results = world.ended().map((run) => (run.output as { data: { n: number } }).data.n);
    expect(new Set(results)).toEqual(new Set([1]));
    expect(world.app.calls).toHaveLength(500);
  });

  test('is found again when its event is delivered a second time', async () => {
    await waits();
    await world.send('test/go');
    // The first delivery reads the pause and loses its lease before it can commit.
    const inner = world.store.runSync.bind(world.store);
    let lost = false;
    world.store.runSync = (script, args) => {
      if (script === 'event_deliver' && !lost) {
        lost = true;
        throw new Error('the store is away');
      }
      return inner(script, args);
    };
    await world.send('test/wanted', { n: 1 });
    expect(world.ended()).toEqual([]);
    world.clock.goTo(world.clock.now() + 61_000);
    await world.settle();
    expect(output()).toMatchObject({ data: { n: 1 } });
  });
});

describe('signals', () => {
  const waits = (id: string, conflict?: string) =>
    world.define(id, { trigger: `test/${id}` }, ({ step }) =>
      step.waitForSignal('s', { signal: 'go', timeout: '1h', conflict }),
    );

  test('resume the one run that waits; without one they are lost', async () => {
    await waits('one');
    expect(await world.signal('go', 1)).toBeNull();
    await world.send('test/one');
    expect(await world.signal('other', 1)).toBeNull();
    expect(await world.signal('go', { n: 1 })).toEqual({ runId: world.runsOf('one')[0] ?? '' });
    expect(output()).toEqual({ signal: 'go', data: { n: 1 } });
    expect(await world.signal('go', 2)).toBeNull();
  });

  test('end the step in history, too', async () => {
    await waits('one');
    await world.send('test/one');
    await world.signal('go', 1);
    expect(world.stepFacts('s').map(({ status }) => status)).toEqual(['Waiting', 'Completed']);
  });

  test('give null when time is over', async () => {
    await waits('one');
    await world.send('test/one');
    await world.advance(hourMs);
    expect(world.ended()).toMatchObject([{ status: 'Completed', output: null }]);
    expect(await world.signal('go', 1)).toBeNull();
  });

  test('a second run that waits for one fails with the exact error', async () => {
    await waits('one');
    await waits('two');
    await world.send('test/one');
    await world.send('test/two');
    expect(world.ended()).toMatchObject([
      {
        runId: world.runsOf('two')[0],
        status: 'Failed',
        output: {
          name: 'Error',
          message: 'Signal conflict; signal wait already exists for another run',
        },
      },
    ]);
    expect(await world.signal('go', 1)).toEqual({ runId: world.runsOf('one')[0] ?? '' });
  });

  test('a second run that replaces the first gets it; the first can only time out', async () => {
    await waits('one');
    await waits('two', 'replace');
    await world.send('test/one');
    await world.send('test/two');
    expect(await world.signal('go', 1)).toEqual({ runId: world.runsOf('two')[0] ?? '' });
    expect(await world.signal('go', 2)).toBeNull();
    await world.advance(hourMs);
    expect(world.ended().map(({ output: result }) => result)).toEqual([
      { signal: 'go', data: 1 },
      null,
    ]);
  });
});

describe('invoke', () => {
  const invokes = (opts: Record<string, unknown> = {}) =>
    world.define('fn', {}, ({ step }) =>
      step
        .invoke('i', { function_id: 'app-child', payload: { data: { n: 5 } }, ...opts })
        .catch((error: unknown) => (error instanceof Error ? [error.name, error.message] : error)),
    );

  test('gives the result of the function', async () => {
    await world.define(
      'child',
      { trigger: 'test/child' },
      async ({ event }) => Number(event.data.n) + 1,
    );
    await invokes();
    await world.send('test/go');
    expect(world.ended().map((run) => run.output)).toEqual([6, 6]);
    const [parent] = world.runsOf('fn');
    expect(world.events('inngest/function.finished')[0]?.data).toMatchObject({
      correlation_id: `${parent}.i`,
      result: 6,
    });
    expect(world.keys().filter((key) => !mayRemain.test(key))).toEqual([]);
  });

  test('gives the function the sessions that the step names, and not what else it puts there', async () => {
    await world.define('child', { trigger: 'test/child' }, async () => 0);
    const meta = { sessions: { user: 'u1', order: 7 }, other: true };
    await invokes({ payload: { data: {}, meta } });
    await world.send('test/go');
    expect(world.events('inngest/function.invoked')[0]?.meta).toEqual({
      sessions: { user: 'u1', order: '7' },
    });
  });

  test('with sessions that cannot be read fails the run and says which', async () => {
    await invokes({ payload: { meta: { sessions: { user: {} } } } });
    await world.send('test/go');
    expect(world.ended()).toMatchObject([{ status: 'Failed', output: { name: 'InvalidStep' } }]);
    expect(JSON.stringify(output())).toContain('opts.payload.meta.sessions');
  });

  test('gives the error of a function that fails', async () => {
    await world.define('child', { trigger: 'test/child' }, async () => {
      throw new NonRetriable('broken');
    });
    await invokes();
    await world.send('test/go');
    expect(output()).toEqual(['Error', 'broken']);
  });

  test('times out with the exact error and leaves the invoked run alone', async () => {
    await world.define('child', { trigger: 'test/child' }, async ({ step }) => {
      await step.sleep('long', '2h');
      return 'late';
    });
    await invokes({ timeout: '1h' });
    await world.send('test/go');
    await world.advance(hourMs);
    expect(output()).toEqual([
      'InngestInvokeTimeoutError',
      'Timed out waiting for invoked function to complete',
    ]);
    await world.advance(hourMs);
    expect(world.ended().map((run) => run.status)).toEqual(['Completed', 'Completed']);
    expect(output()).toBe('late');
    expect(world.app.callsOf('app-fn')).toHaveLength(2);
  });

  test('of a function that is not there gives the exact error', async () => {
    await invokes({ function_id: 'app-nowhere' });
    await world.send('test/go');
    expect(output()).toEqual(['Error', 'could not find function with ID: app-nowhere']);
  });

  test('of a function that is cancelled gives an error', async () => {
    const cancel = [{ event: 'test/stop' }];
    await world.define('child', { trigger: 'test/child', cancel }, ({ step }) =>
      step.sleep('long', '2h'),
    );
    await invokes();
    await world.send('test/go');
    await world.send('test/stop');
    expect(output()).toEqual(['InngestInvokeCancelledError', 'The invoked function was cancelled']);
  });

  test('a function that a retried answer invokes again starts once', async () => {
    await world.define('child', { trigger: 'test/child' }, async () => 1);
    await invokes();
    await world.accept('test/go');
    world.killAfter(6);
    await world.settle();
    await world.restart('beside');
    expect(world.runsOf('child')).toHaveLength(1);
    expect(world.ended()).toHaveLength(2);
  });
});

/** How runs end from outside their own answers: cancellation, timeouts, lost leases; and what is told of an end. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { parseEventBody } from '../../src/event/parse.ts';
import { itemOfToken, queueItemToken } from '../../src/executor/call_request.ts';
import { AsyncCheckpoints } from '../../src/executor/checkpoints.ts';
import { ops } from '../simulation/fake_app.ts';
import { mayRemain, World } from '../simulation/world.ts';

const minuteMs = 60_000;
let world: World;
beforeEach(async () => {
  world = await World.create();
});
afterEach(() => world.close());

const left = (): string[] => world.keys().filter((key) => !mayRemain.test(key));
const statuses = (): string[] => world.ended().map(({ status }) => status);

describe('cancelOn', () => {
  const cancellable = (rule: Record<string, unknown> = {}) =>
    world.define('fn', { cancel: [{ event: 'test/stop', ...rule }] }, ({ step }) =>
      step.sleep('nap', '3h'),
    );

  test('cancels the run, tells so and leaves nothing of it', async () => {
    await cancellable();
    await world.send('test/go');
    await world.send('test/stop');
    const [run] = world.runsOf('fn');
    expect(world.ended()).toEqual([{ runId: run ?? '', status: 'Cancelled', output: null }]);
    expect(world.events('inngest/function.cancelled')).toMatchObject([
      { id: run, data: { run_id: run, _inngest: { status: 'Cancelled' } } },
    ]);
    expect(world.events('inngest/function.finished')).toHaveLength(1);
    expect(world.events('inngest/function.failed')).toEqual([]);
    expect(left()).toEqual([]);
    await world.advance(4 * 60 * minuteMs);
    expect(world.app.calls).toHaveLength(1);
  });

  /** One request with these events; with a seed as of an SDK whose clock is that far off. */
  const request = async (names: readonly string[], clockOffMs?: number): Promise<void> => {
    const nowMs = world.clock.now();
    const entropy = crypto.getRandomValues(new Uint8Array(10));
    const seed = clockOffMs === undefined ? null : { ms: nowMs + clockOffMs, entropy };
    const body = JSON.stringify(names.map((name) => ({ name })));
    const parsed = parseEventBody(body, null, { seed, nowMs, keyIndexBase: 1 });
    if (!parsed.ok) throw new Error(parsed.message);
    await world.server.intake.accept(parsed.events);
  };

  test('counts an event that came before the run was there but after the event that started it', async () => {
    await cancellable();
    await world.accept('test/go');
    await world.accept('test/stop');
    await world.settle();
    expect(statuses()).toEqual(['Cancelled']);
  });

  test('counts no event that came before the one that started the run', async () => {
    await cancellable();
    await world.accept('test/stop');
    await world.accept('test/go');
    await world.settle();
    expect(statuses()).toEqual([]);
    await world.send('test/stop');
    expect(statuses()).toEqual(['Cancelled']);
  });

  test.each([
    ['', undefined],
    [' with ids of its own', -5_000],
  ])('counts the events of one request%s in their order', async (_how, clockOffMs) => {
    await cancellable();
    await request(['test/stop', 'test/go'], clockOffMs);
    await world.settle();
    expect(statuses()).toEqual([]);
    await request(['test/go', 'test/other', 'test/stop'], clockOffMs);
    await world.settle();
    expect(statuses()).toEqual(['Cancelled', 'Cancelled']);
  });

  test('counts the events of a request of more than fifty in their order', async () => {
    await cancellable();
    const others = Array.from({ length: 120 }, () => 'test/go');
    await request(['test/stop', ...others, 'test/stop', 'test/go']);
    await world.settle();
    expect(world.runsOf('fn')).toHaveLength(121);
    expect(statuses()).toHaveLength(120);
  });

  test.each([-60_000, 60_000])(
    'does not look at the clock of a sender that is %d ms off',
    async (offMs) => {
      await cancellable();
      await request(['test/go'], -offMs);
      await world.settle();
      await request(['test/stop'], offMs);
      await world.settle();
      expect(statuses()).toEqual(['Cancelled']);
      await request(['test/go'], offMs);
      await world.settle();
      expect(statuses()).toHaveLength(1);
    },
  );

  test('a function that is started and cancelled by one event is not cancelled by its own', async () => {
    await world.define(
      'fn',
      { trigger: 'test/stop', cancel: [{ event: 'test/stop' }] },
      ({ step }) => step.sleep('nap', '3h'),
    );
    await world.send('test/stop');
    await world.send('test/stop');
    expect(world.ended().map(({ runId }) => runId)).toEqual(world.runsOf('fn').slice(0, 1));
  });

  test('cancels only runs for which the condition holds', async () => {
    await cancellable({ if: 'event.data.id == async.data.id' });
    await world.send('test/go', { id: 1 });
    await world.send('test/go', { id: 2 });
    await world.send('test/stop', { id: 2 });
    expect(world.ended().map(({ runId }) => runId)).toEqual(world.runsOf('fn').slice(1));
  });

  test('ends with its timeout', async () => {
    await cancellable({ timeout: '1h' });
    await world.send('test/go');
    await world.advance(60 * minuteMs);
    await world.send('test/stop');
    expect(statuses()).toEqual([]);
  });
});

describe('timeouts', () => {
  test('a run that does not start in time is cancelled when its time is over', async () => {
    const config = { timeouts: { start: '5m' }, concurrency: 1, retries: 9 };
    await world.define('fn', config, ({ step }) => step.sleep('nap', '1h'));
    const release = world.app.hold(() => true);
    await world.send('test/go');
    await world.send('test/go');
    await world.advance(5 * minuteMs);
    expect(world.ended()).toMatchObject([{ runId: world.runsOf('fn')[1], status: 'Cancelled' }]);
    release();
    await world.settle();
    expect(statuses()).toEqual(['Cancelled']);
  });

  test('the time of an event in the future counts, not that of its receipt', async () => {
    const config = { timeouts: { start: '5m' }, concurrency: 1, retries: 9 };
    await world.define('fn', config, ({ step }) => step.sleep('nap', '1h'));
    const release = world.app.hold(() => true);
    const ts = world.clock.now() + 60 * minuteMs;
    await world.send('test/go', {}, { ts });
    await world.send('test/go', {}, { ts });
    await world.advance(65 * minuteMs - 1);
    expect([world.app.calls.length, statuses().length]).toEqual([1, 0]);
    await world.advance(1);
    expect(statuses()).toEqual(['Cancelled']);
    release();
    await world.settle();
    expect(statuses()).toEqual(['Cancelled']);
  });

  test('a timer that fires too early after a change of the limit counts from the future event, too', async () => {
    const napping = (start: string) =>
      world.define('fn', { timeouts: { start }, concurrency: 1, retries: 9 }, ({ step }) =>
        step.sleep('nap', '1h'),
      );
    await napping('5m');
    const release = world.app.hold(() => true);
    const ts = world.clock.now() + 60 * minuteMs;
    await world.send('test/go', {}, { ts });
    await world.send('test/go', {}, { ts });
    await napping('10m');
    await world.advance(70 * minuteMs - 1);
    expect(statuses()).toEqual([]);
    await world.advance(1);
    expect(statuses()).toEqual(['Cancelled']);
    release();
    await world.settle();
  });

  test('a run that does not finish in time is cancelled when its time is over', async () => {
    await world.define('fn', { timeouts: { finish: '5m' } }, ({ step }) => step.sleep('nap', '1h'));
    await world.send('test/go');
    await world.advance(5 * minuteMs - 1);
    expect(statuses()).toEqual([]);
    await world.advance(1);
    expect(statuses()).toEqual(['Cancelled']);
    expect(world.keys(/deadline/)).toEqual([]);
  });

  test('a run that is done in time is not', async () => {
    await world.define('fn', { timeouts: { start: '1m', finish: '5m' } }, ({ step }) =>
      step.sleep('nap', '4m'),
    );
    await world.send('test/go');
    await world.advance(60 * minuteMs);
    expect(statuses()).toEqual(['Completed']);
    expect(world.keys(/deadline/)).toEqual([]);
  });

  test('the limits of the function as it is now count: extended, removed, added', async () => {
    const napping = (timeouts: Record<string, string>) =>
      world.define('fn', { timeouts }, async ({ step }) => {
        await step.sleep('nap', '30m');
        await step.sleep('again', '30m');
      });
    await napping({ finish: '5m' });
    await world.send('test/go');
    await napping({ finish: '20m' });
    await world.advance(19 * minuteMs);
    expect(statuses()).toEqual([]);
    await world.advance(minuteMs);
    expect(statuses()).toEqual(['Cancelled']);

    await napping({ finish: '5m' });
    await world.send('test/go');
    await napping({});
    await world.advance(61 * minuteMs);
    expect(statuses()).toEqual(['Cancelled', 'Completed']);

    await world.send('test/go');
    await napping({ finish: '5m' });
    await world.advance(30 * minuteMs);
    expect(statuses()).toEqual(['Cancelled', 'Completed', 'Cancelled']);
  });
});

describe('late answers', () => {
  test('of a call whose run has ended meanwhile are dropped', async () => {
    const answers = {
      result: { status: 200, body: 'late' },
      failure: { status: 500, body: { name: 'Error', message: 'late' } },
      step: ops({ op: 'StepRun', id: 'a', data: 1 }),
      'failed step': ops({ op: 'StepError', id: 'a', error: { name: 'E', message: 'm' } }),
      wait: ops({ op: 'WaitForEvent', id: 'w', opts: { event: 'x', timeout: '1h' } }),
    };
    for (const answer of Object.values(answers)) {
      await world.close();
      world = await World.create();
      await world.register({ fn: { cancel: [{ event: 'test/stop' }], retries: 3 } });
      world.app.answers('app-fn', answer);
      const release = world.app.hold(() => true);
      await world.send('test/go');
      await world.send('test/stop');
      release();
      await world.settle();
      expect(statuses()).toEqual(['Cancelled']);
      expect(world.app.calls).toHaveLength(1);
      expect(left()).toEqual([]);
    }
  });

  test('of a call whose lease was lost are dropped: the one that took over counts', async () => {
    let n = 0;
    await world.define('fn', {}, ({ step }) => step.run('a', () => (n += 1)));
    const release = world.app.hold(({ generation }) => generation === 0);
    await world.send('test/go');
    await world.restart('beside');
    expect(world.app.calls.map(({ generation, attempt }) => [generation, attempt])).toEqual([
      [0, 0],
      [1, 0],
      [0, 0],
    ]);
    release();
    await world.settle();
    expect(world.ended()).toMatchObject([{ status: 'Completed', output: 2 }]);
  });
});

describe('defers', () => {
  const defer = (id: string, input: unknown = { id }) => ({
    op: 'DeferAdd',
    id,
    opts: { fn_slug: 'app-later', input },
  });
  const scheduled = () => world.events('inngest/deferred.schedule').map(({ data }) => data.id);

  test('become events when the run ends, whichever way; those called off do not', async () => {
    await world.register({ fn: { retries: 0 } });
    world.app.answers(
      'app-fn',
      ops(defer('one'), defer('two'), { op: 'StepRun', id: 'a', data: 1 }),
      ops(
        { op: 'DeferAbort', id: 'x', opts: { target_hashed_id: 'one' } },
        { op: 'StepRun', id: 'b', data: 1 },
      ),
      (request) => {
        expect(request.defers).toEqual({ one: { abortable: false }, two: { abortable: true } });
        return { status: 500, body: { name: 'Error', message: 'no' } };
      },
    );
    await world.send('test/go');
    expect(statuses()).toEqual(['Failed']);
    expect(scheduled()).toEqual(['two']);
    expect(world.events('inngest/deferred.schedule')[0]?.data).toMatchObject({
      id: 'two',
      _inngest: {
        fn_slug: 'app-later',
        parent_run_id: world.runsOf('fn')[0],
        parent_fn_slug: 'app-fn',
      },
    });
  });

  test('that come with the end count, and those of a cancelled run do', async () => {
    await world.register({ fn: { cancel: [{ event: 'test/stop' }] } });
    world.app.answers('app-fn', ops(defer('last'), { op: 'RunComplete', id: 'c', data: 1 }));
    await world.send('test/go');
    expect(scheduled()).toEqual(['last']);
    world.app.answers('app-fn', ops(defer('kept'), { op: 'Sleep', id: 's', name: '1h' }));
    await world.send('test/go');
    await world.send('test/stop');
    expect(scheduled()).toEqual(['last', 'kept']);
  });

  test('tell history what is put off, called off and refused, each once', async () => {
    await world.register({ fn: {} });
    const named = { ...defer('one'), userland: { id: 'mail' } };
    const abort = {
      ...{ op: 'DeferAbort', id: 'x' },
      opts: { target_hashed_id: 'one', fn_slug: 'app-later', id: 'mail' },
    };
    world.app.answers(
      'app-fn',
      ops(named, named, { op: 'StepRun', id: 'a', data: 1 }),
      ops(named, abort, { op: 'StepRun', id: 'b', data: 1 }),
      ops(abort, named, defer('bad', []), defer('two'), defer('two'), {
        ...{ op: 'RunComplete', id: 'c', data: 1 },
      }),
    );
    await world.send('test/go');
    const told = world.facts().filter((fact) => fact.t === 'defer');
    expect(told.map(({ deferId, status }) => [deferId, status])).toEqual([
      ['one', 'Scheduled'],
      ['one', 'Aborted'],
      ['bad', 'Rejected'],
      ['two', 'Scheduled'],
    ]);
    expect(told[0]).toMatchObject({ name: 'mail', functionSlug: 'app-later' });
    expect(told[1]).toMatchObject({ name: 'mail', functionSlug: 'app-later' });
    expect(told[2]).toMatchObject({ name: 'bad', reason: 'invalid_input' });
    expect(scheduled()).toEqual(['two']);
  });

  test('alone in an answer do not end the run', async () => {
    await world.register({ fn: {} });
    world.app.answers('app-fn', ops(defer('d')), { status: 200, body: 'end' });
    await world.send('test/go');
    expect(world.ended()).toMatchObject([{ status: 'Completed', output: 'end' }]);
    expect(scheduled()).toEqual(['d']);
  });

  test('that do not fit are left out and fail nothing', async () => {
    await world.register({ fn: {} });
    const many = Array.from({ length: 25 }, (_, i) => defer(`d${i}`));
    world.app.answers(
      'app-fn',
      ops(defer('bad', []), ...many, { op: 'RunComplete', id: 'c', data: 1 }),
    );
    await world.send('test/go');
    expect(statuses()).toEqual(['Completed']);
    expect(scheduled()).toHaveLength(19);
  });

  test('that an app reports while its last call is open become events, too', async () => {
    await world.register({ fn: {} });
    const { store, clock, newId } = world;
    const { limits, terminator } = world.server;
    const checkpoints = new AsyncCheckpoints({ store, clock, newId, limits, terminator });
    world.app.answers('app-fn', async (request) => {
      const queueItem = queueItemToken(request.itemId);
      expect(itemOfToken(queueItem)).toBe(request.itemId);
      const reported = await checkpoints.save({
        runId: request.runId,
        functionId: request.fnId,
        queueItem,
        generation: request.generation,
        requestStartedAtMs: clock.now(),
        steps: [{ op: 'StepRun', id: 'a', data: 1 }, defer('during')],
      });
      expect(reported).toEqual({ kind: 'saved' });
      return { status: 200, body: 'end' };
    });
    await world.send('test/go');
    expect(statuses()).toEqual(['Completed']);
    expect(scheduled()).toEqual(['during']);
  });
});

test('a function that was removed from its app fails its runs no more than it must: they go on', async () => {
  await world.define('fn', {}, async ({ step }) => {
    await step.sleep('nap', '1h');
    return 'end';
  });
  await world.send('test/go');
  await world.server.registry.remove('http://app.test/api/inngest');
  await world.advance(60 * minuteMs);
  expect(world.ended()).toMatchObject([{ status: 'Completed', output: 'end' }]);
});

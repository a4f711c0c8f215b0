/** Steps one after the other, and what happens when they fail, in the simulator. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { queueItemToken } from '../../src/executor/call_request.ts';
import { AsyncCheckpoints } from '../../src/executor/checkpoints.ts';
import { backoffMs } from '../../src/queue/backoff.ts';
import { ops } from '../simulation/fake_app.ts';
import { NonRetriable, RetryAfter, type Workflow } from '../simulation/workflow.ts';
import { mayRemain, World } from '../simulation/world.ts';

let world: World;
beforeEach(async () => {
  world = await World.create();
});
afterEach(() => world.close());

describe('sequential steps', () => {
  test('run in line, one call each, and their results come back', async () => {
    await world.define('fn', {}, async ({ step, event }) => {
      const a = await step.run('a', () => event.data.n);
      const b = await step.run('b', () => Number(a) * 2);
      return { a, b };
    });
    await world.send('test/go', { n: 21 });
    expect(world.app.callsOf()).toEqual(['step', 'step', 'step']);
    expect(world.app.calls.map(({ stack, stackCurrent }) => [stack, stackCurrent])).toEqual([
      [[], 0],
      [['a'], 1],
      [['a', 'b'], 2],
    ]);
    expect(world.ended()).toMatchObject([{ status: 'Completed', output: { a: 21, b: 42 } }]);
    expect(world.keys().filter((key) => !mayRemain.test(key))).toEqual([]);
  });

  test('a function without steps is called once and tells of its end', async () => {
    await world.define('fn', {}, async () => 'done');
    await world.send('test/go');
    const [run] = world.runsOf('fn');
    expect(world.app.callsOf()).toEqual(['step']);
    expect(world.events('inngest/function.finished').map(({ data }) => data)).toMatchObject([
      { function_id: 'app-fn', run_id: run, result: 'done', _inngest: { status: 'Completed' } },
    ]);
    expect(world.events('inngest/function.failed')).toEqual([]);
  });
});

describe('the state of a run', () => {
  const limited = (workflow: Workflow) => async (bytesMax: number) => {
    await world.define('fn', {}, workflow);
    const id = world.server.registry.functionBySlug('app-fn')?.id ?? '';
    world.server.limits.setStateSizeLimit(id, bytesMax);
    await world.send('test/go');
    await world.send('test/wanted', { text: 'x'.repeat(1_000) });
    await world.advance(60 * 60 * 1_000);
    return world.ended();
  };

  test('may not grow beyond the limit through the events it waits for, either', async () => {
    const waits = limited(({ step }) =>
      step.waitForEvent('w', { event: 'test/wanted', timeout: '1d' }),
    );
    expect(await waits(1_000)).toMatchObject([
      { status: 'Failed', output: { name: 'InngestErrStateOverflowed' } },
    ]);
    expect(world.app.calls).toHaveLength(1);
  });

  test('counts the sleeps of a run', async () => {
    const naps = limited(async ({ step }) => {
      for (const nap of ['one', 'two', 'three']) await step.sleep(nap, '1m');
    });
    expect(await naps(8)).toMatchObject([
      { status: 'Failed', output: { name: 'InngestErrStateOverflowed' } },
    ]);
  });
});

describe('retries', () => {
  test('a step that throws is retried with the backoff table', async () => {
    world.recordCallTimes();
    await world.define('fn', { retries: 12 }, async ({ step }) => {
      await step.run('a', () => {
        throw new Error('no');
      });
    });
    await world.send('test/go');
    await world.advance(20 * 60 * 60 * 1_000);
    const delays = world.callTimes.slice(1, 13).map((atMs, i) => atMs - (world.callTimes[i] ?? 0));
    expect(delays).toEqual([...backoffMs, 7_200_000, 7_200_000]);
    expect(world.app.calls.slice(0, 13).map(({ attempt }) => attempt)).toEqual([
      ...Array(13).keys(),
    ]);
    expect(world.ended()).toMatchObject([{ status: 'Failed' }]);
  });

  test('the jitter adds between 0 and 30 s, the same for all delays of a retry', async () => {
    for (const random of [0, 0.5, 0.999_999]) {
      await world.close();
      world = await World.create({ random: () => random });
      world.recordCallTimes();
      await world.define('fn', { retries: 1 }, async () => {
        throw new Error('no');
      });
      await world.send('test/go');
      await world.advance(60_000);
      expect(world.callTimes).toEqual([0, 15_000 + Math.floor(random * 30_000)]);
    }
  });

  test('a fixed interval takes the place of table and jitter', async () => {
    await world.close();
    world = await World.create({ retryIntervalMs: 700, random: () => 0.9 });
    world.recordCallTimes();
    await world.define('fn', { retries: 2 }, async () => {
      throw new Error('no');
    });
    await world.send('test/go');
    await world.advance(10_000);
    expect(world.callTimes).toEqual([0, 700, 1_400]);
  });

  test('Retry-After takes the place of the backoff, for steps and for functions', async () => {
    world.recordCallTimes();
    await world.define('fn', { retries: 2 }, async ({ step, attempt }) => {
      await step.run('a', () => {
        if (attempt === 0) throw new RetryAfter(90);
      });
      if (attempt === 0) throw new RetryAfter(7);
    });
    await world.send('test/go');
    await world.advance(200_000);
    expect(world.callTimes).toEqual([0, 90_000, 90_000, 97_000]);
    expect(world.ended()).toMatchObject([{ status: 'Completed' }]);
  });

  test('each step has attempts of its own', async () => {
    await world.define('fn', { retries: 1 }, async ({ step, attempt }) => {
      const failOnce = (): void => {
        if (attempt === 0) throw new Error('once');
      };
      await step.run('a', failOnce);
      await step.run('b', failOnce);
    });
    await world.send('test/go');
    await world.advance(60_000);
    expect(world.app.executions.map(({ stepId, attempt }) => [stepId, attempt])).toEqual([
      ['a', 0],
      ['a', 1],
      ['b', 0],
      ['b', 1],
    ]);
    expect(world.ended()).toMatchObject([{ status: 'Completed' }]);
  });

  test('an exhausted step error is memoized, and the function may catch it', async () => {
    await world.define('fn', { retries: 1 }, async ({ step }) => {
      const failure: unknown = await step
        .run('a', () => {
          throw new TypeError('bad');
        })
        .catch((error: unknown) => error);
      const told = failure instanceof Error ? `${failure.name}: ${failure.message}` : 'nothing';
      return step.run('b', () => told);
    });
    await world.send('test/go');
    await world.advance(60_000);
    expect(world.app.ran('a')).toBe(2);
    expect(world.ended()).toMatchObject([{ status: 'Completed', output: 'TypeError: bad' }]);
    expect(world.stepFacts('a').map(({ status }) => status)).toEqual(['Errored', 'Failed']);
  });

  test('an SDK that only knows StepError has its last one memoized, too', async () => {
    await world.register({ fn: { retries: 1 } });
    const error = { name: 'Error', message: 'no' };
    world.app.answers(
      'app-fn',
      ...Array(2).fill(ops({ op: 'StepError', id: 'a', error })),
      (request) => {
        const memo = request.steps[0]?.[1] ?? '';
        return { status: 200, body: JSON.parse(memo) as unknown };
      },
    );
    await world.send('test/go');
    await world.advance(60_000);
    expect(world.ended()).toMatchObject([{ status: 'Completed', output: { error } }]);
  });

  test('a step that must not be retried is not', async () => {
    await world.define('fn', { retries: 4 }, async ({ step }) => {
      await step.run('a', () => {
        throw new NonRetriable('never');
      });
    });
    await world.send('test/go');
    expect(world.app.ran('a')).toBe(1);
    expect(world.ended()).toMatchObject([{ status: 'Failed', output: { message: 'never' } }]);
  });

  test('a function that fails for good ends Failed, tells so, and its failure handler runs', async () => {
    const isMine = {
      event: 'inngest/function.failed',
      expression: "event.data.function_id == 'app-fn'",
    };
    await world.define(
      'fn-failure',
      { triggers: [isMine] },
      async ({ event }) => event.data.run_id,
    );
    await world.define('other', { trigger: 'test/other' }, async () => {
      throw new NonRetriable('also');
    });
    await world.define('fn', { retries: 1 }, async () => {
      throw new RangeError('too far');
    });
    await world.send('test/go', { n: 1 });
    await world.advance(60_000);
    const [run] = world.runsOf('fn');
    const [handler] = world.runsOf('fn-failure');
    const error = { name: 'RangeError', message: 'too far' };
    expect(world.app.calls.filter(({ runId }) => runId === run)).toHaveLength(2);
    expect(world.ended()).toMatchObject([
      { runId: run, status: 'Failed', output: error },
      { runId: handler, status: 'Completed', output: run },
    ]);
    expect(world.events('inngest/function.failed')).toMatchObject([
      { id: run, data: { function_id: 'app-fn', run_id: run, error, event: { data: { n: 1 } } } },
    ]);
    // The handler itself tells nothing of its end.
    expect(world.events('inngest/function.finished')).toHaveLength(1);
    await world.send('test/other');
    expect(world.runsOf('fn-failure')).toHaveLength(1);
  });

  test('an app that cannot be understood is retried like one that fails', async () => {
    await world.register({ fn: { retries: 1 } });
    world.app.answers(
      'app-fn',
      { status: 206, body: [{ op: 'Nonsense', id: 'x' }] },
      { status: 200, body: 1 },
    );
    await world.send('test/go');
    await world.advance(60_000);
    expect(world.ended()).toMatchObject([{ status: 'Completed', output: 1 }]);
  });
});

describe('a step error together with other opcodes', () => {
  const error = { name: 'Error', message: 'no' };

  test('keeps what has finished and retries the rest', async () => {
    await world.register({ fn: { retries: 2 } });
    world.app.answers(
      'app-fn',
      ops({ op: 'StepRun', id: 'good', data: 1 }, { op: 'StepError', id: 'bad', error }),
      (request) => ({ status: 200, body: request.steps }),
    );
    await world.send('test/go');
    await world.advance(60_000);
    expect(world.ended()).toMatchObject([
      { status: 'Completed', output: [['good', '{"data":1}']] },
    ]);
    expect(world.app.calls[1]?.attempt).toBe(1);
  });

  test('keeps what has finished when a checkpoint gave its last attempt new ones', async () => {
    const { store, clock, newId } = world;
    const { limits, terminator } = world.server;
    const checkpoints = new AsyncCheckpoints({ store, clock, newId, limits, terminator });
    const failed = ops(
      { op: 'StepRun', id: 'good', data: 1 },
      { op: 'StepError', id: 'bad', error },
    );
    await world.register({ fn: { retries: 1 } });
    world.app.answers(
      'app-fn',
      ops({ op: 'StepError', id: 'bad', error }),
      async ({ runId, fnId, itemId, generation }) => {
        const queueItem = queueItemToken(itemId);
        const call = { runId, functionId: fnId, queueItem, generation, requestStartedAtMs: null };
        await checkpoints.save({ ...call, steps: [{ op: 'StepRun', id: 'first', data: 0 }] });
        return failed;
      },
      (request) => ({ status: 200, body: request.steps }),
    );
    await world.send('test/go');
    await world.advance(10 * 60_000);
    expect(world.app.calls.map(({ attempt }) => attempt)).toEqual([0, 1, 1]);
    expect(world.ended()).toMatchObject([
      {
        status: 'Completed',
        output: [
          ['first', '{"data":0}'],
          ['good', '{"data":1}'],
        ],
      },
    ]);
  });

  test('is given up after its attempts, even when each answer carries a defer', async () => {
    await world.register({ fn: { retries: 2 } });
    const defer = { op: 'DeferAdd', id: 'd', opts: { fn_slug: 'app-later', input: {} } };
    const failing = ops(defer, { op: 'StepError', id: 'bad', error });
    world.app.answers('app-fn', failing, failing, failing, { status: 200, body: 'given up' });
    await world.send('test/go');
    await world.advance(10 * 60_000);
    expect(world.app.calls).toHaveLength(4);
    expect(world.ended()).toMatchObject([{ status: 'Completed', output: 'given up' }]);
  });

  test('does not tell history of an invoke that was not made', async () => {
    await world.register({ fn: { retries: 2 } });
    const invoke = { op: 'InvokeFunction', id: 'i', opts: { function_id: 'app-x', payload: {} } };
    world.app.answers('app-fn', ops(invoke, { op: 'StepError', id: 'bad', error }), {
      status: 200,
      body: 1,
    });
    await world.send('test/go');
    await world.advance(60_000);
    expect(world.events('inngest/function.invoked')).toEqual([]);
  });
});

describe('an app that answers nothing', () => {
  test('is asked once more; then the run fails as stalled', async () => {
    await world.register({ fn: {} });
    world.app.answers('app-fn', ops({ op: 'None' }));
    await world.send('test/go');
    expect(world.app.calls).toHaveLength(2);
    expect(world.ended()).toMatchObject([{ status: 'Failed', output: { name: 'RunStalled' } }]);
    expect(world.keys().filter((key) => !mayRemain.test(key))).toEqual([]);
  });

  test('goes on when the second call brings something', async () => {
    await world.register({ fn: {} });
    world.app.answers('app-fn', ops(), ops({ op: 'StepRun', id: 'a', data: 1 }), {
      status: 200,
      body: 2,
    });
    await world.send('test/go');
    expect(world.ended()).toMatchObject([{ status: 'Completed', output: 2 }]);
  });

  test('or always the same finished step is not called for ever', async () => {
    await world.register({ fn: {} });
    world.app.answers('app-fn', ops({ op: 'StepRun', id: 'a', data: 1 }));
    await world.send('test/go');
    expect(world.app.calls.length).toBeLessThanOrEqual(4);
    expect(world.ended()).toMatchObject([{ status: 'Failed', output: { name: 'RunStalled' } }]);
  });
});

describe('limits of a run', () => {
  test('a run with too many steps fails with the exact error', async () => {
    await world.define('fn', {}, async ({ step }) => {
      for (let i = 0; i < 9; i += 1) await step.run(`s${i}`, () => i);
    });
    world.server.limits.setStepLimit(String(world.server.registry.functionBySlug('app-fn')?.id), 3);
    await world.send('test/go');
    expect(world.app.executions).toHaveLength(3);
    expect(world.ended()).toMatchObject([
      {
        status: 'Failed',
        output: {
          name: 'InngestErrFunctionOverflowed',
          message: 'The function run exceeded the step limit of 3 steps.',
        },
      },
    ]);
  });

  test('so does an answer with more than 1000 opcodes', async () => {
    await world.register({ fn: {} });
    const many = Array.from({ length: 1_001 }, (_, i) => ({ op: 'StepPlanned', id: `s${i}` }));
    world.app.answers('app-fn', ops(...many));
    await world.send('test/go');
    expect(world.ended()).toMatchObject([
      { status: 'Failed', output: { name: 'InngestErrFunctionOverflowed' } },
    ]);
  });

  test('a run whose state grows too large fails with the exact error', async () => {
    await world.define('fn', {}, async ({ step }) => {
      await step.run('a', () => 'x'.repeat(60));
      await step.run('b', () => 'x'.repeat(60));
    });
    const id = String(world.server.registry.functionBySlug('app-fn')?.id);
    world.server.limits.setStateSizeLimit(id, 100);
    await world.send('test/go');
    expect(world.ended()).toMatchObject([
      {
        status: 'Failed',
        output: {
          name: 'InngestErrStateOverflowed',
          message: 'The function run exceeded the state size limit of 100 bytes.',
        },
      },
    ]);
  });

  test('a sleep or wait beyond a year fails with the exact error', async () => {
    await world.define('sleeps', { trigger: 'test/sleep' }, ({ step }) => step.sleep('s', '367d'));
    await world.define('waits', { trigger: 'test/wait' }, ({ step }) =>
      step.waitForEvent('w', { event: 'x', timeout: '367d' }),
    );
    await world.send('test/sleep');
    await world.send('test/wait');
    const name = 'InngestErrTimeoutTooLong';
    expect(world.ended().map(({ output }) => output)).toMatchObject([
      {
        name,
        message:
          'The sleep "367d" ends more than one year in the future; sleeps may last at most one year.',
      },
      {
        name,
        message:
          'The wait-for-event timeout "367d" expires more than one year in the future; timeouts may last at most one year.',
      },
    ]);
  });
});

/** Parallel steps in both versions of the protocol and in race mode (sdk-http-protocol.md §4.5). */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { ops } from '../simulation/fake_app.ts';
import { mayRemain, World } from '../simulation/world.ts';

let world: World;
beforeEach(async () => {
  world = await World.create();
});
afterEach(async () => {
  expect(world.keys().filter((key) => !mayRemain.test(key))).toEqual([]);
  await world.close();
});

const discoveries = (): number => world.app.callsOf('app-fn').filter((id) => id === 'step').length;

describe('with request version 2', () => {
  test('a group has one discovery after its last member', async () => {
    await world.define('fn', {}, async ({ step }) => {
      const all = await Promise.all(['a', 'b', 'c'].map((id) => step.run(id, () => id)));
      return step.run('after', () => all.join(''));
    });
    await world.send('test/go');
    expect(world.app.callsOf()).toEqual(['step', 'a', 'b', 'c', 'step', 'step']);
    expect(world.app.calls.map((call) => call.disableImmediateExecution)).toEqual([
      false,
      true,
      true,
      true,
      false,
      false,
    ]);
    expect(world.ended()).toMatchObject([{ status: 'Completed', output: 'abc' }]);
  });

  test('a group of all kinds has one discovery, too', async () => {
    await world.define('child', { trigger: 'test/child' }, async () => 'child');
    await world.define('fn', {}, ({ step }) =>
      Promise.all([
        step.run('a', () => 'a'),
        step.sleep('s', '10s'),
        step.waitForEvent('w', { event: 'test/wanted', timeout: '1h' }),
        step.invoke('i', { function_id: 'app-child', payload: {} }),
      ]),
    );
    await world.send('test/go');
    await world.advance(10_000);
    expect(discoveries()).toBe(1);
    await world.send('test/wanted', { n: 1 });
    expect(discoveries()).toBe(2);
    expect(world.ended().at(-1)?.output).toMatchObject([
      'a',
      null,
      { name: 'test/wanted' },
      'child',
    ]);
  });

  test('a member that fails is retried by itself', async () => {
    await world.define('fn', { retries: 2 }, ({ step }) =>
      Promise.all([
        step.run('good', () => 1),
        step.run('bad', () => {
          if (world.app.ran('bad') < 3) throw new Error('not yet');
          return 2;
        }),
      ]),
    );
    await world.send('test/go');
    await world.advance(120_000);
    expect([world.app.ran('good'), world.app.ran('bad'), discoveries()]).toEqual([1, 3, 2]);
    expect(world.ended()).toMatchObject([{ status: 'Completed', output: [1, 2] }]);
  });

  test('in race mode each end has a discovery, and the slower one does not hold up what follows', async () => {
    await world.define('fn', {}, async ({ step }) => {
      const race = { parallelMode: 'race' as const };
      const first = await Promise.race([
        step.run('fast', () => 'fast', race),
        step.sleep('slow', '1h', race),
      ]);
      return step.run('after', () => first);
    });
    await world.send('test/go');
    expect(world.ended()).toMatchObject([{ status: 'Completed', output: 'fast' }]);
    expect(world.app.ran('after')).toBe(1);
  });

  test('a step that ends while another discovery is in flight is not run again', async () => {
    await world.define('fn', {}, async ({ step }) => {
      const race = { parallelMode: 'race' as const };
      const chain = async (id: string): Promise<unknown> => {
        await step.run(`${id}1`, () => id, race);
        return step.run(`${id}2`, () => id, race);
      };
      return Promise.all([chain('x'), chain('y')]);
    });
    const release = world.app.hold(({ stepId, stack }) => stepId === 'step' && stack.length === 1);
    await world.send('test/go');
    release();
    await world.settle();
    expect(world.ended()).toMatchObject([{ status: 'Completed', output: ['x', 'y'] }]);
    expect(world.app.executions.map(({ stepId }) => stepId).sort()).toEqual([
      'x1',
      'x2',
      'y1',
      'y2',
    ]);
  });
});

describe('with request version 1', () => {
  test('each end has a discovery, and what is reported again collapses', async () => {
    world.app.requestVersion = 1;
    await world.define('child', { trigger: 'test/child' }, async () => 'child');
    await world.define('fn', {}, ({ step }) =>
      Promise.all([
        step.run('a', () => 'a'),
        step.run('b', () => 'b'),
        step.sleep('s', '10s'),
        step.waitForEvent('w', { event: 'test/wanted', timeout: '1h' }),
        step.invoke('i', { function_id: 'app-child', payload: { data: {} } }),
      ]),
    );
    await world.send('test/go');
    expect(discoveries()).toBe(4);
    await world.advance(10_000);
    await world.send('test/wanted');
    expect(discoveries()).toBe(6);
    expect(world.app.executions.map(({ stepId }) => stepId)).toEqual(['a', 'b']);
    expect(world.runsOf('child')).toHaveLength(1);
    expect(world.events('inngest/function.invoked')).toHaveLength(1);
    for (const id of ['a', 'b', 's', 'w', 'i']) {
      expect(world.stepFacts(id).map(({ status }) => status)).toHaveLength(2);
    }
    expect(world.ended().filter(({ status }) => status === 'Completed')).toHaveLength(2);
  });

  test('planning stays forced, so that two discoveries never run one step both', async () => {
    world.app.requestVersion = 1;
    await world.define('fn', {}, async ({ step }) => {
      await Promise.all(['a', 'b', 'c'].map((id) => step.run(id, () => id)));
      return step.run('after', () => 'done');
    });
    const release = world.app.hold(({ stepId }) => stepId === 'step');
    await world.send('test/go');
    release();
    await world.settle();
    expect(world.app.executions.map(({ stepId }) => stepId).sort()).toEqual([
      'a',
      'after',
      'b',
      'c',
    ]);
    expect(world.app.calls.at(-1)?.disableImmediateExecution).toBe(true);
    expect(world.ended()).toMatchObject([{ status: 'Completed', output: 'done' }]);
  });
});

describe('a call for one planned step', () => {
  test('that answers with a result of the function is an error, not the end of the run', async () => {
    await world.register({ fn: { retries: 0 } });
    world.app.answers(
      'app-fn',
      ops({ op: 'StepPlanned', id: 'a' }, { op: 'StepPlanned', id: 'b' }),
      (request) =>
        request.stepId === 'step' ? { status: 200, body: 'end' } : { status: 200, body: null },
    );
    await world.send('test/go');
    expect(world.ended()).toMatchObject([{ status: 'Failed', output: { name: 'StepNotRun' } }]);
  });
});

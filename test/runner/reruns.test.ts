/** Reruns in the simulator: from the beginning and from a step (execution.md §18). */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { parseEndpointRequest } from '../../src/driver/endpoint_request.ts';
import { endpointIdentity } from '../../src/executor/endpoint_function.ts';
import { newSyncRun } from '../../src/executor/new_sync_run.ts';
import type { RunScheduledFact } from '../../src/history/fact.ts';
import { Reruns } from '../../src/runner/reruns.ts';
import { startedRun } from '../../src/runner/start_run.ts';
import { createRun } from '../../src/state/run_creation.ts';
import { loadRun } from '../../src/state/run_state.ts';
import { spanIdOf, traceIdOf } from '../../src/trace/identity.ts';
import { factHistory } from '../history/fact_history.ts';
import { World } from '../simulation/world.ts';

const hourMs = 60 * 60 * 1_000;
let world: World;
let reruns: Reruns;
beforeEach(async () => {
  world = await World.create();
  reruns = new Reruns({
    ...{ store: world.store, clock: world.clock, newId: world.newId },
    registry: world.server.registry,
    history: factHistory(() => world.facts()),
  });
});
afterEach(() => world.close());

/** Runs the run again and answers the new one's id; it has gone as far as it gets. */
async function rerun(runId: string, fromStep?: { stepId: string; input?: string }) {
  const outcome = await reruns.rerun(runId, fromStep);
  if (outcome.kind !== 'created') throw new Error(outcome.kind);
  await world.settle();
  return outcome.runId;
}

function scheduled(runId: string): RunScheduledFact {
  const fact = world.facts().find((each) => each.t === 'run.scheduled' && each.runId === runId);
  if (fact?.t !== 'run.scheduled') throw new Error(`run ${runId} was not scheduled`);
  return fact;
}

const outcomeOf = (runId: string) => world.ended().find((run) => run.runId === runId);
const first = (ids: readonly string[]): string => ids[0] ?? '';

describe('a rerun', () => {
  test('does all of it again with the same event, however often it is asked for', async () => {
    let count = 0;
    const workflow = async ({ event, step }: Parameters<Parameters<World['define']>[2]>[0]) =>
      `${event.data.n} ${await step.run('a', () => ++count)}`;
    await world.define('fn', { idempotency: 'event.data.n' }, workflow);
    const eventId = await world.send('test/go', { n: 7 }, { id: 'mine' });
    const original = first(world.runsOf('fn'));
    const again = [await rerun(original), await rerun(original)];
    expect(again.map((id) => outcomeOf(id)?.output)).toEqual(['7 2', '7 3']);
    const link = `00-${traceIdOf(original)}-${spanIdOf(original, { of: 'run' })}-01`;
    expect(scheduled(first(again))).toMatchObject({
      ...{ originalRunId: original, eventIds: [eventId], eventName: 'test/go', links: [link] },
      ...{ functionSlug: 'app-fn', functionName: 'fn', appName: 'app' },
    });
    expect(scheduled(first(again))).not.toHaveProperty('replayId');
    expect(world.events('inngest/function.finished').at(-1)?.data.run_id).toBe(again[1]);
  });

  test('of a rerun names the run that it repeats', async () => {
    await world.define('fn', {}, async () => 0);
    await world.send('test/go');
    const second = await rerun(first(world.runsOf('fn')));
    expect(scheduled(await rerun(second)).originalRunId).toBe(second);
  });

  test('uses the function as it is now, with its limits and timeouts', async () => {
    await world.define('fn', {}, async () => 'old');
    await world.send('test/go', { user: 'u' });
    const original = first(world.runsOf('fn'));
    const config = {
      concurrency: [{ key: 'event.data.user', limit: 1 }],
      timeouts: { start: '1h' },
    };
    await world.define('fn', config, async () => 'new');
    const open = world.app.hold(() => true);
    const ids = [await rerun(original), await rerun(original)];
    expect(world.app.calls).toHaveLength(2);
    await world.advance(hourMs);
    open();
    await world.settle();
    expect(ids.map((id) => outcomeOf(id)?.status)).toEqual(['Completed', 'Cancelled']);
  });

  test('is cancelled by what comes after it, not by what cancelled the original', async () => {
    const config = { cancel: [{ event: 'test/stop', if: 'async.data.n == event.data.n' }] };
    await world.define('fn', config, ({ step }) => step.sleep('s', '1h'));
    await world.send('test/go', { n: 1 });
    await world.send('test/stop', { n: 1 });
    const original = first(world.runsOf('fn'));
    expect(outcomeOf(original)?.status).toBe('Cancelled');
    const again = await rerun(original);
    await world.send('test/stop', { n: 2 });
    expect(outcomeOf(again)).toBeUndefined();
    await world.advance(1);
    await world.send('test/stop', { n: 1 });
    expect(outcomeOf(again)?.status).toBe('Cancelled');
  });

  test('of a scheduled run keeps its schedule', async () => {
    const triggers = [{ cron: '0 * * * *' }];
    await world.define('fn', { triggers }, async ({ event }) => event.data.cron);
    await world.advance(hourMs);
    const again = await rerun(first(world.runsOf('fn')));
    expect(scheduled(again).cron).toBe('0 * * * *');
    expect(outcomeOf(again)?.output).toBe('0 * * * *');
  });

  test('of several events has them all in their order, and no other event cancels it', async () => {
    const cancel = [{ event: 'test/stop' }];
    await world.define('fn', { cancel }, async ({ step }) => step.sleep('s', '1h'));
    const ids = [await world.send('test/go', { n: 1 }), await world.send('test/go', { n: 2 })];
    const fn = world.server.registry.functionBySlug('app-fn');
    const events = world.facts().flatMap((fact) => {
      return fact.t === 'event' && fact.payload.includes('test/go') ? [fact] : [];
    });
    const [one, two] = events.map((fact) => ({ ...fact, idempotencyKey: '', name: 'test/go' }));
    if (fn === null || one === undefined || two === undefined) throw new Error('no events');
    const payload = JSON.parse(one.payload);
    const batch = startedRun({
      ...{ fn, event: one, payload, runId: 'batch', nowMs: 1, newEventId: world.newId },
      rerun: { originalRunId: '', batchId: 'b1', furtherEvents: [two], link: 'x' },
    });
    await createRun(world.store, batch);
    const again = await rerun('batch');
    expect(scheduled(again)).toMatchObject({ eventIds: ids, batchId: 'b1' });
    await world.send('test/stop');
    const run = await loadRun(world.store, again, { withSteps: false });
    expect(JSON.parse(run?.events ?? '')).toMatchObject([{ data: { n: 1 } }, { data: { n: 2 } }]);
  });

  test('says why it cannot be made', async () => {
    await world.define('fn', {}, ({ step }) => step.run('a', () => 1));
    await world.send('test/go');
    const original = first(world.runsOf('fn'));
    expect(await reruns.rerun('nobody')).toEqual({ kind: 'unknown_run' });
    expect(await reruns.rerun(original, { stepId: 'b' })).toEqual({ kind: 'unknown_step' });
    const withoutEvents = new Reruns({
      ...{ store: world.store, clock: world.clock, newId: world.newId },
      registry: world.server.registry,
      history: factHistory(() => world.facts().filter(({ t }) => t !== 'event')),
    });
    expect(await withoutEvents.rerun(original)).toEqual({ kind: 'events_gone' });
    const fn = world.server.registry.functionBySlug('app-fn');
    await world.server.registry.removeApp(fn?.appId ?? ('' as never));
    expect(await reruns.rerun(original)).toEqual({ kind: 'unknown_function' });
    expect(world.runsOf('fn')).toEqual([original]);
  });

  test('is not made of a durable endpoint, which begins with a request of its caller', async () => {
    const data = { domain: 'http://app.test', method: 'GET', path: '/pay', query_params: '' };
    const event = { name: 'inngest/http.request', data };
    const parsed = parseEndpointRequest(event);
    if (!parsed.ok) throw new Error(parsed.message);
    const request = { runId: 'sync', event, steps: [], requestVersion: 1, retries: 0 };
    const identity = endpointIdentity(parsed.request);
    const context = { nowMs: world.clock.now(), eventId: world.newId() };
    await createRun(world.store, newSyncRun(request, parsed.request, identity, context));
    expect(await reruns.rerun('sync')).toMatchObject({
      kind: 'not_rerunnable',
      message: expect.stringContaining('durable endpoint'),
    });
  });
});

describe('a rerun from a step', () => {
  const ran = (step: string): number => world.app.ran(step);

  test('that runs in the app asks for it at once, with its new input, and goes on from there', async () => {
    await world.define('fn', {}, async ({ step }) => {
      const a = await step.run('a', () => 'A');
      await step.sleep('nap', '1m');
      const b = await step.run('b', (given) => `${given ?? a}B`);
      return `${b}${await step.run('c', () => 'C')}`;
    });
    await world.send('test/go');
    await world.advance(60_000);
    const original = first(world.runsOf('fn'));
    expect(outcomeOf(original)?.output).toBe('ABC');
    const before = world.app.calls.length;
    const again = await rerun(original, { stepId: 'b', input: '["X"]' });
    const [call] = world.app.calls.slice(before);
    expect(call).toMatchObject({
      ...{ runId: again, stepId: 'b', attempt: 0, disableImmediateExecution: false },
      stack: ['a', 'nap'],
      steps: [
        ['a', '{"data":"A"}'],
        ['nap', 'null'],
        ['b', '{"input":["X"]}'],
      ],
    });
    expect(world.app.callsOf().slice(before)).toEqual(['b', 'step', 'step']);
    expect(outcomeOf(again)?.output).toBe('XBC');
    expect([ran('a'), ran('b'), ran('c')]).toEqual([1, 2, 2]);
  });

  test('that waits or sleeps discovers it behind the steps before it', async () => {
    await world.define('fn', {}, async ({ step }) => {
      await step.run('a', () => 1);
      const got = await step.waitForEvent('w', { event: 'test/wanted', timeout: '1d' });
      return step.run('b', () => (got as { data: { n: number } }).data.n);
    });
    await world.send('test/go');
    await world.send('test/wanted', { n: 1 });
    const again = await rerun(first(world.runsOf('fn')), { stepId: 'w' });
    expect(world.steps(again)).toEqual({ a: { data: 1 } });
    await world.send('test/wanted', { n: 2 });
    expect(outcomeOf(again)?.output).toBe(2);
    expect([ran('a'), ran('b')]).toEqual([1, 2]);
  });

  test('of a parallel group leaves the siblings that had not finished to be found again', async () => {
    await world.define('fn', {}, async ({ step }) => {
      const both = await Promise.all([step.run('a', () => 'A'), step.run('b', () => 'B')]);
      return step.run('c', () => both.join(''));
    });
    await world.send('test/go');
    const original = first(world.runsOf('fn'));
    const again = await rerun(original, { stepId: 'a' });
    expect(outcomeOf(again)?.output).toBe('AB');
    expect([ran('a'), ran('b'), ran('c')]).toEqual([2, 2, 2]);
    const behind = await rerun(original, { stepId: 'b' });
    expect(outcomeOf(behind)?.output).toBe('AB');
    expect([ran('a'), ran('b'), ran('c')]).toEqual([2, 3, 3]);
  });

  test('can itself be rerun from any of its steps', async () => {
    await world.define('fn', {}, async ({ step }) => {
      await step.run('a', () => 'A');
      await step.run('b', () => 'B');
      return step.run('c', () => 'C');
    });
    await world.send('test/go');
    const second = await rerun(first(world.runsOf('fn')), { stepId: 'b' });
    const third = await rerun(second, { stepId: 'c' });
    expect([ran('a'), ran('b'), ran('c')]).toEqual([1, 2, 3]);
    await rerun(third, { stepId: 'b' });
    expect([ran('a'), ran('b'), ran('c')]).toEqual([1, 3, 4]);
  });

  test('that fails is retried with its input', async () => {
    let attempts = 0;
    await world.define('fn', { retries: 1 }, ({ step }) =>
      step.run('a', (given) => {
        attempts += 1;
        if (attempts === 2) throw new Error('once');
        return given ?? attempts;
      }),
    );
    await world.send('test/go');
    const before = world.app.calls.length;
    const again = await rerun(first(world.runsOf('fn')), { stepId: 'a', input: '[1]' });
    await world.advance(hourMs);
    const calls = world.app.calls.slice(before).map(({ stepId, attempt, steps }) => {
      return [stepId, attempt, steps];
    });
    expect(calls.slice(0, 2)).toEqual([
      ['a', 0, [['a', '{"input":[1]}']]],
      ['a', 1, [['a', '{"input":[1]}']]],
    ]);
    expect(outcomeOf(again)?.output).toBe(1);
    expect(attempts).toBe(3);
  });
});

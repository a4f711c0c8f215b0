/** What history hears of the calls of apps, and how traces are carried on, in the simulator. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import type { CallEndedFact, CallStartedFact } from '../../src/history/fact.ts';
import { spanIdOf, traceIdOf } from '../../src/trace/identity.ts';
import { formatTraceparent, parseTraceparent } from '../../src/trace/traceparent.ts';
import { World } from '../simulation/world.ts';

let world: World;
beforeEach(async () => {
  world = await World.create();
});
afterEach(() => world.close());

const started = (): CallStartedFact[] =>
  world.facts().flatMap((fact) => (fact.t === 'call.started' ? [fact] : []));
const ended = (): CallEndedFact[] =>
  world.facts().flatMap((fact) => (fact.t === 'call.ended' ? [fact] : []));

describe('calls', () => {
  test('are told with their beginning, their end and what came of them', async () => {
    await world.define('fn', {}, async ({ step }) => {
      await step.run('a', () => 1);
      return 'done';
    });
    await world.send('test/go');
    expect(started().map(({ callId }) => callId)).toEqual(['start#0', 'next:a#0']);
    expect(ended()).toMatchObject([
      {
        ...{ callId: 'start#0', group: 'start', attempt: 0, attemptsMax: 1, outcome: 'steps' },
        ...{ functionSlug: 'app-fn', ops: [{ op: 'StepRun', id: 'a', name: 'a' }] },
      },
      { callId: 'next:a#0', group: 'next:a', outcome: 'result' },
    ]);
    for (const { startedAtMs, atMs, dueAtMs } of ended()) {
      expect(startedAtMs).toBeGreaterThanOrEqual(dueAtMs);
      expect(atMs).toBeGreaterThanOrEqual(startedAtMs);
    }
    expect(world.stepFacts('a')).toMatchObject([
      { status: 'Completed', op: 'StepRun', callId: 'start#0', attempt: 0, attemptsMax: 1 },
    ]);
  });

  test('that fail are attempts of one group, and the last says so', async () => {
    await world.define('fn', { retries: 2 }, async () => {
      throw new Error('no');
    });
    await world.send('test/go');
    await world.advance(60 * 60 * 1_000);
    expect(ended()).toMatchObject([
      { callId: 'start#0', group: 'start', attempt: 0, outcome: 'error', isFinal: false },
      { callId: 'start#1', group: 'start', attempt: 1, outcome: 'error', isFinal: false },
      { callId: 'start#2', group: 'start', attempt: 2, outcome: 'error', isFinal: true },
    ]);
    expect(JSON.parse(ended()[0]?.output ?? '')).toMatchObject({ message: 'no' });
  });

  test('of a step that is tried again are told beside the step', async () => {
    await world.define('fn', { retries: 1 }, async ({ step, attempt }) => {
      await step.run('a', () => {
        if (attempt === 0) throw new Error('once');
      });
    });
    await world.send('test/go');
    await world.advance(60 * 60 * 1_000);
    expect(ended().map(({ callId, outcome }) => [callId, outcome])).toEqual([
      ['start#0', 'steps'],
      ['start#1', 'steps'],
      ['next:a#0', 'result'],
    ]);
    expect(world.stepFacts('a')).toMatchObject([
      { status: 'Errored', attempt: 0, callId: 'start#0' },
      { status: 'Completed', attempt: 1, callId: 'start#1' },
    ]);
  });

  test('of planned steps name the step', async () => {
    await world.define('fn', {}, async ({ step }) => {
      await Promise.all([step.run('a', () => 1), step.run('b', () => 2)]);
    });
    await world.send('test/go');
    const planned = ended().filter(({ group }) => group.startsWith('plan:'));
    expect(planned.map(({ stepId }) => stepId).sort()).toEqual(['a', 'b']);
    expect(world.stepFacts('a').map(({ status }) => status)).toEqual(['Queued', 'Completed']);
  });

  test('under way when their run ends stay without an end', async () => {
    await world.define('fn', {}, async () => 'late');
    const release = world.app.hold(() => true);
    await world.send('test/go');
    const [runId = ''] = world.runsOf('fn');
    await world.server.terminator.cancel(runId, null);
    release();
    await world.advance(1_000);
    expect(started()).toHaveLength(1);
    expect(ended()).toEqual([]);
    expect(world.ended()).toMatchObject([{ status: 'Cancelled' }]);
  });
});

describe('a wait that ends', () => {
  test('says when it began and how long it took', async () => {
    await world.define('fn', {}, async ({ step }) => {
      await step.sleep('nap', '10s');
      await step.waitForEvent('w', { event: 'test/never', timeout: '20s' });
    });
    await world.send('test/go');
    await world.advance(60_000);
    expect(world.stepFacts('nap').at(-1)).toMatchObject({
      status: 'Completed',
      durationMs: 10_000,
    });
    expect(world.stepFacts('w').at(-1)).toMatchObject({ status: 'TimedOut', durationMs: 20_000 });
  });
});

describe('the end of a run', () => {
  test('says which function it was, and when the run was scheduled and started', async () => {
    await world.define('fn', {}, async () => 1);
    await world.send('test/go');
    const end = world.facts().find((fact) => fact.t === 'run.ended');
    const schedule = world.facts().find((fact) => fact.t === 'run.scheduled');
    expect(schedule).toMatchObject({ functionName: 'fn', appName: 'app' });
    if (schedule?.t !== 'run.scheduled') throw new Error('the run was not scheduled');
    expect(end).toMatchObject({ functionSlug: 'app-fn', scheduledAtMs: schedule.atMs });
    expect(end).toHaveProperty('startedAtMs');
  });
});

describe('traces', () => {
  test('go out with each call: one trace for a run, the call is the parent', async () => {
    await world.define('fn', {}, async ({ step }) => {
      await step.run('a', () => 1);
    });
    await world.send('test/go');
    const [runId = ''] = world.runsOf('fn');
    expect(world.app.calls.map(({ traceparent }) => parseTraceparent(traceparent ?? ''))).toEqual(
      ['start#0', 'next:a#0'].map((callId) => ({
        traceId: traceIdOf(runId),
        spanId: spanIdOf(runId, { of: 'call', callId }),
      })),
    );
    const [call] = world.app.calls;
    const members = (call?.tracestate ?? '').split(',').map((member) => member.split('='));
    expect(members.map(([name]) => name)).toEqual([
      'inngest@traceref',
      'inngest@fn',
      'inngest@app',
    ]);
    expect(JSON.parse(decodeURIComponent(members[0]?.[1] ?? ''))).toEqual({
      tp: call?.traceparent ?? '',
      ts: '',
    });
  });

  test('of an invoked run lead back to the step that invoked it', async () => {
    await world.define('child', { trigger: 'test/none' }, async () => 'result');
    await world.define('fn', {}, async ({ step }) => {
      await step.invoke('call', { function_id: 'app-child', payload: {} });
    });
    await world.send('test/go');
    const [parent = ''] = world.runsOf('fn');
    const links = world
      .facts()
      .flatMap((fact) =>
        fact.t === 'run.scheduled' && fact.functionSlug === 'app-child' ? (fact.links ?? []) : [],
      );
    const step = {
      traceId: traceIdOf(parent),
      spanId: spanIdOf(parent, { of: 'step', stepId: 'call' }),
    };
    expect(links).toEqual([formatTraceparent(step)]);
    const [invoking] = world.stepFacts('call');
    const [invoked] = world.events('inngest/function.invoked');
    expect(invoking?.detail).toMatchObject({ function_id: 'app-child', event_id: invoked?.id });
  });
});

describe('traceparent', () => {
  test('is read in every version that the standard allows, and written in version 00', () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const spanId = '00f067aa0ba902b7';
    expect(parseTraceparent(`00-${traceId}-${spanId}-01`)).toEqual({ traceId, spanId });
    expect(parseTraceparent(` 01-${traceId}-${spanId}-00-later `)).toEqual({ traceId, spanId });
    expect(formatTraceparent({ traceId, spanId })).toBe(`00-${traceId}-${spanId}-01`);
  });

  test('is refused when it is none', () => {
    const id = 'a'.repeat(32);
    for (const text of [
      '',
      `00-${id}-${'0'.repeat(16)}-01`,
      `00-${'0'.repeat(32)}-${'a'.repeat(16)}-01`,
      `ff-${id}-${'a'.repeat(16)}-01`,
      `00-${id}-${'a'.repeat(16)}-01-more`,
      `00-${id.toUpperCase()}-${'a'.repeat(16)}-01`,
    ]) {
      expect(parseTraceparent(text)).toBeNull();
    }
  });
});

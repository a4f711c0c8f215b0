/** Reruns from a step, by the history that servers have: steps of the same millisecond keep their order. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { queueItemToken } from '../../src/executor/call_request.ts';
import { AsyncCheckpoints } from '../../src/executor/checkpoints.ts';
import type { History } from '../../src/history/history.ts';
import { openHistory } from '../../src/history/open_history.ts';
import { readOutbox } from '../../src/history/outbox.ts';
import { Reruns } from '../../src/runner/reruns.ts';
import { legacyTree } from '../../src/trace/legacy_tree.ts';
import { previewTree } from '../../src/trace/preview_tree.ts';
import { readRunTrace } from '../../src/trace/run_trace.ts';
import type { TraceSpan } from '../../src/trace/span.ts';
import { stepKeyOf } from '../../src/trace/step_key.ts';
import { World } from '../simulation/world.ts';

let world: World;
let history: History;
let reruns: Reruns;
beforeEach(async () => {
  world = await World.create();
  history = await openHistory({ kind: 'sqlite', path: null });
  const { store, clock, newId } = world;
  reruns = new Reruns({ store, clock, newId, registry: world.server.registry, history });
});
afterEach(async () => {
  await history.close();
  await world.close();
});

/** As the pump does it, but for the world, which looks at the outbox, nothing is taken out of it. */
async function record(): Promise<void> {
  const { facts } = await readOutbox(world.store, 1_000);
  await history.record(facts);
}

async function rerun(runId: string, stepId: string): Promise<string> {
  await record();
  const outcome = await reruns.rerun(runId, { stepId });
  if (outcome.kind !== 'created') throw new Error(outcome.kind);
  await world.settle();
  return outcome.runId;
}

/** The steps that a run had at its first call, by their plain ids. */
function memoized(runId: string): string[] {
  const call = world.app.calls.find((each) => each.runId === runId);
  return (call?.stack ?? []).map((key) => ids.find((id) => stepKeyOf(id) === key) ?? key);
}

const ids = Array.from({ length: 9 }, (_, n) => `s${n}`);
const steps = ids.map((id) => ({ op: 'StepRun', id: stepKeyOf(id), displayName: id, data: id }));
const firstRun = (): string => world.runsOf('fn')[0] ?? '';

/** The app reports these lots of steps while its first call is open, and returns at once ever after. */
async function reporting(lots: readonly (readonly object[])[]): Promise<string> {
  await world.register({ fn: {} });
  const { store, clock, newId } = world;
  const { limits, terminator } = world.server;
  const checkpoints = new AsyncCheckpoints({ store, clock, newId, limits, terminator });
  const done = { status: 200, body: 'end' };
  world.app.answers(
    'app-fn',
    async ({ runId, fnId, itemId, generation }) => {
      const call = { runId, functionId: fnId, queueItem: queueItemToken(itemId), generation };
      for (const lot of lots) {
        const saved = await checkpoints.save({ ...call, requestStartedAtMs: null, steps: lot });
        expect(saved).toEqual({ kind: 'saved' });
      }
      return done;
    },
    done,
  );
  await world.send('test/go');
  return firstRun();
}

describe('the steps before the one that is run again are known', () => {
  test.each([
    ['one checkpoint reported them all', [steps]],
    ['each was reported by itself within a millisecond', steps.map((step) => [step])],
    ['two checkpoints of a millisecond reported them', [steps.slice(0, 4), steps.slice(4)]],
  ])('when %s', async (_, lots) => {
    const original = await reporting(lots);
    for (const [n, id] of ids.entries()) {
      expect(memoized(await rerun(original, id))).toEqual(ids.slice(0, n));
    }
  });

  test('when the run was itself run again from a step, which gave it all of them at once', async () => {
    const original = await reporting([steps]);
    const again = await rerun(original, 's8');
    for (const [n, id] of ids.slice(0, 8).entries()) {
      expect(memoized(await rerun(again, id))).toEqual(ids.slice(0, n));
    }
  });

  test('when the app was called for each, all within a millisecond', async () => {
    const backwards = ids.toReversed();
    await world.define('fn', {}, async ({ step }) => {
      for (const id of backwards) await step.run(id, () => id);
    });
    await world.send('test/go');
    await record();
    const facts = await history.factsOf(firstRun());
    const ends = facts.filter((fact) => fact.t === 'step' && fact.status === 'Completed');
    expect(ends.map((fact) => fact.t === 'step' && fact.name)).toEqual(backwards);
  });
});

/** What the trees say that waits, sleeps and invocations were for, and how they ended. */
async function told(runId: string) {
  await record();
  const trace = await readRunTrace(history, runId);
  if (trace === null) throw new Error(`run ${runId} is not known`);
  const nowMs = world.clock.now();
  const stepsOf = (span: TraceSpan): object[] => {
    const { name, stepId, stepOp, stepInfo, stepType } = span;
    const own =
      stepInfo === null || stepInfo.kind === 'run'
        ? []
        : [{ name, stepId, stepOp, stepInfo, stepType }];
    return [...own, ...span.children.flatMap(stepsOf)];
  };
  // Siblings of the same millisecond have no order.
  const sorted = (root: TraceSpan): string[] =>
    stepsOf(root)
      .map((step) => JSON.stringify(step))
      .sort();
  return { current: sorted(previewTree(trace, nowMs)), legacy: sorted(legacyTree(trace, nowMs)) };
}

test('what waited, slept or was invoked is told of the new run as of the first', async () => {
  await world.define('child', { trigger: 'test/child' }, async () => 'child');
  await world.define('fn', {}, async ({ step }) => {
    await step.run('a', () => 'a');
    await step.sleep('nap', '10s');
    await step.waitForEvent('w', { event: 'test/wanted', timeout: '1h', if: 'async.data.n == 1' });
    await step.waitForEvent('late', { event: 'test/never', timeout: '1m' });
    await step.invoke('i', { function_id: 'app-child', payload: { data: { n: 1 } } });
    return step.run('last', () => 'last');
  });
  await world.send('test/go');
  await world.advance(10_000);
  await world.send('test/wanted', { n: 1 });
  await world.advance(60_000);
  const original = firstRun();
  const again = await rerun(original, 'last');
  expect(world.ended().map(({ status }) => status)).toEqual([
    'Completed',
    'Completed',
    'Completed',
  ]);
  const [first, second] = [await told(original), await told(again)];
  expect(first.current.join()).toContain('"triggeringEventId":"0');
  expect(second).toEqual(first);
  // And so of a rerun of the rerun.
  expect(await told(await rerun(again, 'last'))).toEqual(first);
});

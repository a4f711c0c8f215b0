/** Trees of runs as the executor really tells of them, in the simulator: the live shapes of graphql.md §9.5 and §10.2. */
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { legacyTree } from '../../src/trace/legacy_tree.ts';
import { readSpanOutput } from '../../src/trace/output.ts';
import { previewTree } from '../../src/trace/preview_tree.ts';
import { type RunTrace, readRunTrace } from '../../src/trace/run_trace.ts';
import type { TraceSpan } from '../../src/trace/span.ts';
import { factHistory } from '../history/fact_history.ts';
import { World } from '../simulation/world.ts';

let world: World;
beforeEach(async () => {
  world = await World.create();
});
afterEach(() => world.close());

const hourMs = 60 * 60 * 1_000;

/** The only run of `fn`. */
async function traceOfRun(): Promise<RunTrace> {
  const [runId = ''] = world.runsOf('fn');
  const trace = await readRunTrace(
    factHistory(() => world.facts()),
    runId,
  );
  if (trace === null) throw new Error('the run is not known');
  const end = world.facts().find((fact) => fact.t === 'run.ended' && fact.runId === runId);
  const output = end?.t === 'run.ended' ? (end.output ?? null) : null;
  return { ...trace, run: { ...trace.run, output } };
}

function shape(span: TraceSpan): string[] {
  const { name, status, stepOp, attempts } = span;
  const line = [name, status, stepOp ?? '-', attempts ?? '-'].join(' ');
  return [line, ...span.children.flatMap((child) => shape(child).map((text) => `  ${text}`))];
}

/** Without the roots. */
async function shapes(): Promise<{ current: string[]; legacy: string[] }> {
  const trace = await traceOfRun();
  const nowMs = trace.run.scheduledAtMs + hourMs;
  const [current, legacy] = [previewTree(trace, nowMs), legacyTree(trace, nowMs)];
  const below = (root: TraceSpan): string[] => root.children.flatMap(shape);
  return { current: below(current), legacy: below(legacy) };
}

const end = ['Finalization COMPLETED - 0', 'executor.nonstep COMPLETED - 0'];

test('steps one after the other', async () => {
  await world.define('fn', {}, async ({ step }) => {
    await step.run('a', () => 1);
    await step.run('b', () => 2);
    return 'done';
  });
  await world.send('test/go');
  expect(await shapes()).toEqual({
    current: [
      ...['a COMPLETED RUN 0', 'a COMPLETED RUN 0', 'b COMPLETED RUN 0', 'b COMPLETED RUN 0'],
      ...end,
    ],
    legacy: ['a COMPLETED RUN 0', 'b COMPLETED RUN 0', 'function success COMPLETED - 0'],
  });
});

test('a step that is tried again', async () => {
  await world.define('fn', { retries: 1 }, async ({ step, attempt }) => {
    await step.run('a', () => {
      if (attempt === 0) throw new Error('once');
    });
  });
  await world.send('test/go');
  expect((await shapes()).legacy).toEqual([
    'a RUNNING RUN 0',
    '  Attempt 0 FAILED RUN 0',
    '  Attempt 1 QUEUED - 1',
  ]);
  await world.advance(hourMs);
  expect(await shapes()).toEqual({
    current: [
      'a COMPLETED RUN 1',
      '  Attempt 0 FAILED RUN 0',
      '  Attempt 1 COMPLETED RUN 1',
      'a FAILED RUN 0',
      'a COMPLETED RUN 1',
      ...end,
    ],
    legacy: [
      'a COMPLETED RUN 1',
      '  Attempt 0 FAILED RUN 0',
      '  Attempt 1 COMPLETED RUN 1',
      'function success COMPLETED - 0',
    ],
  });
});

test('a function that fails to its last attempt', async () => {
  await world.define('fn', { retries: 1 }, async () => {
    throw new Error('no');
  });
  await world.send('test/go');
  await world.advance(hourMs);
  expect(await shapes()).toEqual({
    current: [
      'Finalization FAILED - 1',
      '  Attempt 0 FAILED - 0',
      '  Attempt 1 FAILED - 1',
      'executor.nonstep FAILED - 0',
      'executor.nonstep FAILED - 1',
    ],
    legacy: ['execute FAILED - 2', '  Attempt 0 FAILED - 0', '  Attempt 1 FAILED - 1'],
  });
});

test('parallel steps', async () => {
  await world.define('fn', {}, async ({ step }) => {
    await Promise.all([step.run('a', () => 1), step.run('b', () => 2)]);
  });
  await world.send('test/go');
  const { current, legacy } = await shapes();
  expect(current.toSorted()).toEqual(
    [
      'a COMPLETED RUN 0',
      'a COMPLETED RUN 0',
      'b COMPLETED RUN 0',
      'b COMPLETED RUN 0',
      ...end,
    ].sort(),
  );
  expect(current.slice(-2)).toEqual(end);
  expect(legacy.at(-1)).toBe('function success COMPLETED - 0');
});

test('a sleep, a wait whose time is over, and an invoked function', async () => {
  await world.define('child', { trigger: 'test/none' }, async () => 'result');
  await world.define('fn', {}, async ({ step }) => {
    await step.sleep('nap', '10s');
    await step.waitForEvent('w', { event: 'test/never', timeout: '20s' });
    await step.invoke('call', { function_id: 'app-child', payload: {} });
  });
  await world.send('test/go');
  expect((await shapes()).current).toEqual(['nap WAITING SLEEP 0']);
  await world.advance(60_000);
  expect(await shapes()).toEqual({
    current: [
      'nap COMPLETED SLEEP 0',
      'w COMPLETED WAIT_FOR_EVENT 0',
      'call COMPLETED INVOKE 0',
      ...end,
    ],
    legacy: [
      'nap COMPLETED SLEEP 0',
      'w COMPLETED WAIT_FOR_EVENT 0',
      'call COMPLETED INVOKE 0',
      'function success COMPLETED - 0',
    ],
  });
  const trace = await traceOfRun();
  const { children } = previewTree(trace, 0);
  expect(children[0]?.durationMs).toBe(10_000);
  expect(children[1]?.stepInfo).toMatchObject({ eventName: 'test/never', isTimedOut: true });
  expect(children[2]?.stepInfo).toMatchObject({ functionId: 'app-child', isTimedOut: false });
  const output = await readSpanOutput(children[2]?.outputId ?? '', async () => trace);
  expect(output.data).toBe('"result"');
});

test('a run that is cancelled in its sleep', async () => {
  await world.define('fn', {}, async ({ step }) => {
    await step.sleep('nap', '10h');
  });
  await world.send('test/go');
  const [runId = ''] = world.runsOf('fn');
  await world.server.terminator.cancel(runId, null);
  await world.settle();
  const root = previewTree(await traceOfRun(), 0);
  expect(root.status).toBe('CANCELLED');
  expect(root.response?.statusCode).toBe(0);
  expect(root.children.flatMap(shape)).toEqual(['nap WAITING SLEEP 0']);
});

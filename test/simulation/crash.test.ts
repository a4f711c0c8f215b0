/**
 * The server dies between any two scripts, again and again, with random workflows: no run is lost, none is doubled,
 * no saved step is executed again, every event is told exactly once. A failure prints the seed that repeats it.
 */
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import type { Context, Workflow } from './workflow.ts';
import { mayRemain, World } from './world.ts';

type Step =
  | { readonly kind: 'run' | 'fail_once' | 'invoke'; readonly n: number }
  | { readonly kind: 'sleep' | 'timeout'; readonly seconds: number }
  | { readonly kind: 'wait' };
type Part = Step | { readonly kind: 'parallel'; readonly of: readonly Step[] };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom('run', 'run', 'fail_once', 'invoke' as const), n: fc.nat(9) }),
  fc.record({
    kind: fc.constantFrom('sleep', 'timeout' as const),
    seconds: fc.integer({ min: 0, max: 90 }),
  }),
  fc.record({ kind: fc.constant('wait' as const) }),
);
const part: fc.Arbitrary<Part> = fc.oneof(
  { weight: 3, arbitrary: step },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('parallel' as const),
      of: fc.array(step, { minLength: 2, maxLength: 3 }),
    }),
  },
);
const crash = fc.record({
  afterScripts: fc.integer({ min: 0, max: 12 }),
  how: fc.constantFrom('from_disk', 'beside' as const),
});

/** What a step gives, known beforehand: a run that is lost, doubled or mixed up shows in its result. */
function resultOf(each: Part, runId: string, path: string): unknown {
  switch (each.kind) {
    case 'run':
    case 'fail_once':
      return `${runId}/${path}/${each.n}`;
    case 'invoke':
      return each.n * 2;
    case 'sleep':
    case 'timeout':
      return null;
    case 'wait':
      return 'waited';
    case 'parallel':
      return each.of.map((inner, i) => resultOf(inner, runId, `${path}-${i}`));
  }
}

async function carryOut(each: Part, context: Context, path: string): Promise<unknown> {
  const { runId, attempt } = context;
  switch (each.kind) {
    case 'run':
      return context.step.run(path, () => `${runId}/${path}/${each.n}`);
    case 'fail_once':
      return context.step.run(path, () => {
        if (attempt === 0) throw new Error('once');
        return `${runId}/${path}/${each.n}`;
      });
    case 'invoke':
      return context.step.invoke(path, {
        function_id: 'app-child',
        payload: { data: { n: each.n } },
      });
    case 'sleep':
      return context.step.sleep(path, `${each.seconds}s`);
    case 'timeout':
      return context.step.waitForEvent(path, { event: 'test/never', timeout: `${each.seconds}s` });
    case 'wait':
      return context.step
        .waitForEvent(path, { event: 'test/tick', timeout: '300d' })
        .then((event) => (event === null ? 'timed out' : 'waited'));
    case 'parallel':
      return Promise.all(each.of.map((inner, i) => carryOut(inner, context, `${path}-${i}`)));
  }
}

function workflowOf(parts: readonly Part[]): Workflow {
  return async (context) => {
    const results: unknown[] = [];
    for (const [i, each] of parts.entries()) results.push(await carryOut(each, context, `s${i}`));
    return results;
  };
}

/** A step that the store knew before the call began must not be run by it. */
function watchExecutions(world: World): string[] {
  const again: string[] = [];
  world.app.onExecution = ({ runId, stepId }, request) => {
    const isKnown = stepId in world.steps(runId);
    if (isKnown) again.push(`${request.stepId} ran ${stepId} of ${runId} again`);
  };
  return again;
}

async function survive(
  parts: readonly Part[],
  crashes: readonly { afterScripts: number; how: 'from_disk' | 'beside' }[],
  runs: number,
  version: number,
): Promise<void> {
  const world = await World.create();
  try {
    world.app.requestVersion = version;
    await world.define('child', { trigger: 'test/child' }, async ({ event, step: child }) =>
      child.run('double', () => Number(event.data.n) * 2),
    );
    await world.define('fn', { retries: 9 }, workflowOf(parts));
    const again = watchExecutions(world);
    for (let i = 0; i < runs; i += 1) await world.accept('test/go', { i });
    let left = [...crashes];
    const maybeDie = async (): Promise<void> => {
      const [next] = left;
      if (world.isDead) {
        left = left.slice(1);
        await world.restart(next?.how ?? 'beside');
        world.killAfter(left[0]?.afterScripts ?? Number.POSITIVE_INFINITY);
        await world.settle();
      }
    };
    world.killAfter(left[0]?.afterScripts ?? Number.POSITIVE_INFINITY);
    await world.settle();
    // Time goes on and ticks come in until every run has ended, or surely will not.
    for (let round = 0; round < 80; round += 1) {
      while (world.isDead) await maybeDie();
      if (world.ended().filter(({ runId }) => world.runsOf('fn').includes(runId)).length >= runs)
        break;
      await world.advance(20_000);
      if (world.isDead) continue;
      // Not awaited: the server may die of it.
      void world.accept('test/tick');
      await world.settle();
    }
    world.killAfter(Number.POSITIVE_INFINITY);
    await world.advance(400_000);

    const own = world.runsOf('fn');
    expect(again).toEqual([]);
    expect(own).toHaveLength(runs);
    const ended = world.ended().filter(({ runId }) => own.includes(runId));
    expect(ended.map(({ runId }) => runId).sort()).toEqual([...own].sort());
    for (const { runId, status, output } of ended) {
      expect({ status, output }).toEqual({
        status: 'Completed',
        output: parts.map((each, i) => resultOf(each, runId, `s${i}`)),
      });
    }
    const invokes = parts.flatMap((each) => (each.kind === 'parallel' ? each.of : [each]));
    const children = invokes.filter(({ kind }) => kind === 'invoke').length * runs;
    expect(world.runsOf('child')).toHaveLength(children);
    expect(world.events('inngest/function.invoked')).toHaveLength(children);
    expect(world.events('inngest/function.finished')).toHaveLength(runs + children);
    const ids = world.facts().flatMap((fact) => (fact.t === 'event' ? [fact.internalId] : []));
    expect(new Set(ids).size).toBe(ids.length);
    expect(world.keys().filter((key) => !mayRemain.test(key))).toEqual([]);
  } finally {
    await world.close();
  }
}

test('whatever the workflow and whenever the server dies, every run ends once with its own results', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(part, { minLength: 1, maxLength: 5 }),
      fc.array(crash, { maxLength: 8 }),
      fc.integer({ min: 1, max: 3 }),
      fc.constantFrom(1, 2),
      survive,
    ),
    { numRuns: 80 },
  );
}, 60_000);

test('dying before or after each single script of a workflow loses and doubles nothing', async () => {
  const parts: Part[] = [
    { kind: 'run', n: 1 },
    {
      kind: 'parallel',
      of: [
        { kind: 'fail_once', n: 2 },
        { kind: 'sleep', seconds: 5 },
        { kind: 'invoke', n: 3 },
      ],
    },
    { kind: 'wait' },
    { kind: 'timeout', seconds: 9 },
  ];
  for (let afterScripts = 0; afterScripts < 60; afterScripts += 1) {
    const how = afterScripts % 2 === 0 ? ('beside' as const) : ('from_disk' as const);
    await survive(parts, [{ afterScripts, how }], 1, 2);
  }
}, 60_000);

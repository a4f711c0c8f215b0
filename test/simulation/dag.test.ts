/**
 * Functions declared in documents, run by the whole server on virtual time: random graphs, random answers, and death
 * between any two scripts. What must come of a graph is worked out beforehand. A failure prints its seed.
 */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { type Dag, type DagEdge, triggerStep } from '../../src/function/dag.ts';
import { stepKeyOf } from '../../src/trace/step_key.ts';
import { type BriefStep, dagOf } from '../driver/dag/brief_dag.ts';
import { declare, type StepAnswer, type StepRequest, StepService } from './dag_service.ts';
import { mayRemain, World } from './world.ts';

const edgeKinds = [
  'plain',
  'plain',
  'true',
  'false',
  'wait',
  'comes',
  'stays_away',
  'bad',
] as const;
type EdgeKind = (typeof edgeKinds)[number];

interface RandomStep {
  readonly join: 'any' | 'all';
  readonly attempts: number;
  /** Attempts that fail before one goes well. */
  readonly failures: number;
  /** Whether a failure is one that is not tried again. */
  readonly isFinal: boolean;
  readonly afterMs: number;
  /** Which earlier step (or the trigger), and how. */
  readonly after: readonly {
    readonly from: number;
    readonly kind: EdgeKind;
    readonly onTimeout: boolean;
    readonly seconds: number;
  }[];
}

const randomStep: fc.Arbitrary<RandomStep> = fc.record({
  join: fc.constantFrom('any', 'all'),
  attempts: fc.integer({ min: 1, max: 3 }),
  failures: fc.constantFrom(0, 0, 0, 1, 2, 9),
  isFinal: fc.boolean(),
  // Often the same: then branches end at the same moment.
  afterMs: fc.constantFrom(0, 0, 10, 10, 5_000),
  after: fc.array(
    fc.record({
      from: fc.nat(20),
      kind: fc.constantFrom(...edgeKinds),
      onTimeout: fc.boolean(),
      seconds: fc.nat(90),
    }),
    { minLength: 1, maxLength: 3 },
  ),
});

function nameOf(index: number): string {
  return index < 0 ? triggerStep : `s${index}`;
}

function edgeOf(from: string, kind: EdgeKind, { onTimeout = false, seconds = 0 }): DagEdge {
  const source = from === triggerStep ? 'event.data.one' : 'response.body.one';
  switch (kind) {
    case 'plain':
      return { from };
    case 'true':
      return { from, if: `${source} == 1` };
    case 'false':
      return { from, if: `${source} == 2` };
    case 'bad':
      return { from, if: '1 + 1' };
    case 'wait':
      return { from, wait: `${source} * ${seconds}.0` };
    case 'comes':
      return {
        from,
        async: { event: 'test/tick', ttl: '300d', match: `async.data.one == ${source}`, onTimeout },
      };
    case 'stays_away':
      return { from, async: { event: 'test/never', ttl: `${seconds}s`, onTimeout } };
  }
}

/** Whether the edge is taken once its parent has ended well. */
function isTaken(kind: EdgeKind, onTimeout: boolean): boolean {
  if (kind === 'comes') return !onTimeout;
  if (kind === 'stays_away') return onTimeout;
  return kind !== 'false' && kind !== 'bad';
}

interface Expectation {
  readonly dag: Dag;
  /** Calls that each step gets when nobody dies. */
  readonly calls: Readonly<Record<string, number>>;
  readonly ended: 'Completed' | 'Failed';
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly answer: (request: StepRequest) => StepAnswer;
  /** What is wrong with a call's being made now; '' when nothing is. */
  readonly complaint: (request: StepRequest) => string;
}

function expectationOf(random: readonly RandomStep[]): Expectation {
  const brief: Record<string, BriefStep> = {};
  const calls: Record<string, number> = {};
  const state: ('done' | 'failed' | 'never')[] = [];
  const takenFrom: string[][] = [];
  const parents: string[][] = [];
  let isBroken = false;
  for (const [index, step] of random.entries()) {
    const after = new Map(step.after.map((edge) => [(edge.from % (index + 1)) - 1, edge]));
    const edges = [...after].map(([from, edge]) => edgeOf(nameOf(from), edge.kind, edge));
    brief[nameOf(index)] = { join: step.join, attempts: step.attempts, after: edges };
    const isOpen = (from: number): boolean => from < 0 || state[from] === 'done';
    const taken = [...after].filter(
      ([from, { kind, onTimeout }]) => isOpen(from) && isTaken(kind, onTimeout),
    );
    isBroken ||= [...after].some(([from, { kind }]) => kind === 'bad' && isOpen(from));
    takenFrom.push(taken.map(([from]) => nameOf(from)));
    parents.push([...after.keys()].map(nameOf));
    const isReached = step.join === 'all' ? taken.length === after.size : taken.length > 0;
    const goesWell = step.failures === 0 || (!step.isFinal && step.failures < step.attempts);
    state.push(!isReached ? 'never' : goesWell ? 'done' : 'failed');
    if (!isReached) continue;
    calls[nameOf(index)] = step.isFinal ? 1 : Math.min(step.attempts, step.failures + 1);
  }
  const isDone = (index: number): boolean => state[index] === 'done';
  const isFollowed = (index: number): boolean =>
    parents.some((names, child) => isDone(child) && names.includes(nameOf(index)));
  const last = random.flatMap((_, index) => (isDone(index) && !isFollowed(index) ? [index] : []));
  const output = (index: number) => ({ status: 200, body: { one: 1, index } });
  return {
    dag: dagOf(brief),
    calls,
    ended: isBroken || state.includes('failed') ? 'Failed' : 'Completed',
    outputs: Object.fromEntries(last.map((index) => [nameOf(index), output(index)])),
    answer: ({ ctx }) => {
      const index = Number(ctx.step_id.slice(1));
      const step = random[index];
      const { failures = 0, isFinal = false, afterMs = 0 } = step ?? {};
      if (ctx.attempt < failures) return { status: isFinal ? 422 : 500, body: 'no', afterMs };
      return { body: output(index).body, afterMs };
    },
    complaint: ({ ctx, steps }) => {
      const index = Number(ctx.step_id.slice(1));
      const from = takenFrom[index] ?? [];
      const known = from.filter((name) => name === triggerStep || name in steps);
      const isRight =
        random[index]?.join === 'all' ? known.length === from.length : known.length > 0;
      return isRight ? '' : `${ctx.step_id} was called after ${Object.keys(steps)} only`;
    },
  };
}

/** Calls that must not have been made, and why. */
function watch(world: World, service: StepService, { dag, complaint }: Expectation): string[] {
  const wrong: string[] = [];
  const attempts = new Map(dag.steps.map((step) => [step.id, step.attempts]));
  service.onCall = (request) => {
    const { run_id: run, step_id: id, attempt } = request.ctx;
    if (stepKeyOf(id) in world.steps(run)) wrong.push(`${id} had ended`);
    if (attempt >= (attempts.get(id) ?? 0)) wrong.push(`${id} had no attempt ${attempt}`);
    const about = complaint(request);
    if (about !== '') wrong.push(about);
  };
  return wrong;
}

function runIds(world: World): string[] {
  return world
    .facts()
    .flatMap((fact) =>
      fact.t === 'run.scheduled' && fact.functionSlug === 'cue-fn' ? [fact.runId] : [],
    );
}

interface Death {
  readonly afterScripts: number;
  readonly how: 'from_disk' | 'beside';
}

async function survive(random: readonly RandomStep[], runs: number, deaths: readonly Death[]) {
  const world = await World.create({ retryIntervalMs: 10_000 });
  try {
    const expected = expectationOf(random);
    const service = new StepService(world, expected.answer);
    await declare(world, 'fn', expected.dag);
    const wrong = watch(world, service, expected);
    for (let n = 0; n < runs; n += 1) await world.accept('test/go', { one: 1 });
    const left = [...deaths];
    const armed = (): void => world.killAfter(left[0]?.afterScripts ?? Number.POSITIVE_INFINITY);
    const hasEnded = (): boolean => world.isDead || world.ended().length >= runs;
    armed();
    for (let round = 0; round < 100; round += 1) {
      await service.letPass(20_000, hasEnded);
      if (world.isDead) {
        const how = left.shift()?.how ?? 'beside';
        await world.restart(how);
        armed();
        continue;
      }
      if (world.ended().length >= runs) break;
      // Not awaited: the server may die of it.
      void world.accept('test/tick', { one: 1 });
      await world.settle();
    }
    world.killAfter(Number.POSITIVE_INFINITY);
    if (world.isDead) await world.restart('beside');
    await service.letPass(400_000);

    expect(wrong).toEqual([]);
    const ids = runIds(world);
    expect(ids).toHaveLength(runs);
    const ended = world.ended();
    expect(ended.map(({ runId }) => runId).sort()).toEqual([...ids].sort());
    for (const { status, output } of ended) {
      expect(status).toBe(expected.ended);
      if (status === 'Completed') expect(output).toEqual(expected.outputs);
    }
    const called = Object.fromEntries(
      Object.entries(expected.calls).map(([id, times]) => [id, times * runs]),
    );
    if (deaths.length === 0) expect(service.counts).toEqual(called);
    else expect(Object.keys(service.counts).sort()).toEqual(Object.keys(called).sort());
    expect(world.keys().filter((key) => !mayRemain.test(key))).toEqual([]);
  } finally {
    await world.close();
  }
}

const randomDag = fc.array(randomStep, { minLength: 1, maxLength: 8 });
const death = fc.record({
  afterScripts: fc.integer({ min: 0, max: 14 }),
  how: fc.constantFrom('from_disk', 'beside' as const),
});

describe('a declared function', () => {
  test('runs each step as its graph says, whatever the graph and however its steps answer', async () => {
    const runs = fc.integer({ min: 1, max: 2 });
    await fc.assert(
      fc.asyncProperty(randomDag, runs, (steps, count) => survive(steps, count, [])),
      { numRuns: 150 },
    );
  }, 60_000);

  test('comes to the same end when the server dies on the way', async () => {
    await fc.assert(
      fc.asyncProperty(
        randomDag,
        fc.array(death, { minLength: 1, maxLength: 6 }),
        (steps, deaths) => survive(steps, 1, deaths),
      ),
      { numRuns: 80 },
    );
  }, 60_000);
});

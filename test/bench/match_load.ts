/**
 * Measures one set of waiting conditions, in a process of its own because of the memory:
 * `bun test/bench/match_load.ts SHAPE ROUNDS` writes its figures as JSON.
 */
import { prepare } from '../../src/expression/compile_cache.ts';
import { evaluateBoolean, evaluatePrepared } from '../../src/expression/expression.ts';
import { MatchSet } from '../../src/expression/matching/match_set.ts';
import { percentile } from './figures.ts';

export const conditionsHeld = 100_000;

/** Conditions by number, and events by number that some of them match. */
export interface Shape {
  readonly condition: (n: number) => string;
  readonly event: (n: number) => unknown;
}

const text = (n: number) => `order-${n}`;
const byId = (n: number) => ({ name: 'e', data: { kind: 'order', id: text(n), total: n, l: [1] } });

export const shapes: Readonly<Record<string, Shape>> = {
  one: { condition: (n) => `async.data.id == "${text(n)}"`, event: byId },
  two: {
    condition: (n) => `async.data.kind == "order" && async.data.id == "${text(n)}"`,
    event: byId,
  },
  range: {
    condition: (n) => `async.data.total >= ${n} && async.data.total < ${n + 2}`,
    event: byId,
  },
  // A tenth cannot be indexed, as when one function of ten uses a method.
  mixed: {
    condition: (n) =>
      n % 10 === 0
        ? `async.data.id.endsWith("${text(n)}")`
        : `async.data.id == "${text(n)}" && size(async.data.l) == 1`,
    event: byId,
  },
  slow: { condition: (n) => `async.data.id.endsWith("${text(n)}")`, event: byId },
};

export interface MatchFigures {
  /** Medians and 99th percentiles of the rounds. */
  readonly medianMs: readonly number[];
  readonly p99Ms: readonly number[];
  /** Every condition evaluated: compiled ones at hand, and by their texts. */
  readonly naiveMs: number;
  readonly naiveTextMs: number;
  readonly bytesEach: number;
  readonly addUs: number;
  readonly removeUs: number;
  readonly ratio: number;
  readonly different: number;
}

const eventsPerRound = 1_000;
const spanMsMax = 4_000;

/** Live bytes of the heap, without what is only waiting to be collected. */
function heapBytes(): number {
  Bun.gc(true);
  return process.memoryUsage().heapUsed;
}

function timed<T>(work: () => T): { readonly ms: number; readonly result: T } {
  const startedAt = performance.now();
  const result = work();
  return { ms: performance.now() - startedAt, result };
}

function roundOf(set: MatchSet<number>, shape: Shape, random: () => number): number[] {
  const times: number[] = [];
  let spentMs = 0;
  while (times.length < eventsPerRound && spentMs < spanMsMax) {
    const event = shape.event(random());
    const { ms } = timed(() => set.matches(event));
    times.push(ms);
    spentMs += ms;
  }
  return times;
}

function measure(shape: Shape, rounds: number): MatchFigures {
  const texts = Array.from({ length: conditionsHeld }, (_, n) => shape.condition(n));
  const random = () => Math.floor(Math.random() * conditionsHeld);
  const before = heapBytes();
  const set = new MatchSet<number>();
  const added = timed(() => {
    let ratio = 0;
    texts.forEach((condition, n) => {
      ratio = set.add(n, condition);
    });
    return ratio;
  });
  const bytesEach = (heapBytes() - before) / conditionsHeld;
  roundOf(set, shape, random);
  const played = Array.from({ length: rounds }, () => roundOf(set, shape, random));
  const event = shape.event(random());
  const vars = { async: event };
  const prepared = texts.map((condition) => prepare(condition));
  const naive = () =>
    prepared.flatMap((one, n) => {
      const result = evaluatePrepared(one, vars);
      return result.ok && result.value ? [n] : [];
    });
  naive();
  const naively = timed(naive);
  const byText = timed(() => texts.map((condition) => evaluateBoolean(condition, vars)));
  const found = set.matches(event).sort((a, b) => a - b);
  const removed = timed(() => texts.filter((_, n) => !set.remove(n)));
  return {
    medianMs: played.map((times) => percentile(times, 0.5)),
    p99Ms: played.map((times) => percentile(times, 0.99)),
    naiveMs: naively.ms,
    naiveTextMs: byText.ms,
    bytesEach,
    addUs: (added.ms * 1_000) / conditionsHeld,
    removeUs: (removed.ms * 1_000) / conditionsHeld,
    ratio: added.result,
    different: Bun.deepEquals(found, naively.result) && set.isIndexEmpty ? 0 : 1,
  };
}

if (import.meta.main) {
  const shape = shapes[process.argv[2] ?? ''];
  if (shape === undefined) throw new Error(`the shapes are ${Object.keys(shapes).join(', ')}`);
  console.log(JSON.stringify(measure(shape, Number(process.argv[3] ?? 5))));
}

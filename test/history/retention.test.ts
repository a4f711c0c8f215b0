import { describe, expect, test } from 'bun:test';
import type { RetentionSettings } from '../../src/cli/settings.ts';
import type { Cutoffs, Pruned } from '../../src/history/history.ts';
import { HistoryUnavailableError } from '../../src/history/history_error.ts';
import {
  backoffMsMax,
  backoffMsMin,
  cutoffsOf,
  emptyBatchesMax,
  firstLookMs,
  lookEveryMs,
  RetentionKeeper,
  restMsMin,
} from '../../src/history/retention.ts';
import { eventually } from '../eventually.ts';
import { FakeClock } from '../fake_clock.ts';

const dayMs = 86_400_000;
const month: RetentionSettings = { eventsMs: 30 * dayMs, runsMs: 30 * dayMs, tracesMs: 7 * dayMs };
const done: Pruned = { events: 0, runs: 0, traces: 0, hasMore: false };
const some: Pruned = { events: 3, runs: 2, traces: 1, hasMore: true };

type Answer = Pruned | Error;

async function soon(isSo: () => boolean): Promise<void> {
  await eventually(isSo, { intervalMs: 1 });
}

/** A keeper without jitter over a history that gives these answers, the last one for ever. */
function setUp(answers: readonly Answer[], retention: RetentionSettings = month) {
  const clock = new FakeClock();
  const calls: { atMs: number; cutoffs: Cutoffs }[] = [];
  const lines: { message: string; fields: unknown }[] = [];
  const log = (message: string, fields?: unknown): void => {
    lines.push({ message, fields });
  };
  const history = {
    async prune(cutoffs: Cutoffs): Promise<Pruned> {
      const answer = answers[Math.min(calls.length, answers.length - 1)] ?? done;
      calls.push({ atMs: clock.now(), cutoffs });
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  const keeper = new RetentionKeeper({
    history,
    retention,
    clock,
    log: { info: log, warn: log },
    random: () => 0.5,
  });
  /** Moves time on once the keeper waits for it. */
  const pass = async (ms: number): Promise<void> => {
    await soon(() => clock.pending === 1);
    clock.advance(ms);
  };
  const seen = (count: number): Promise<void> => soon(() => calls.length === count);
  return { clock, calls, lines, history, keeper, pass, seen };
}

describe('the keeper of retention', () => {
  test('looks soon after the start and then every hour', async () => {
    const { clock, calls, keeper, pass, seen } = setUp([done]);
    const startMs = clock.now();
    keeper.start();
    await pass(firstLookMs - 1);
    expect(calls).toHaveLength(0);
    await pass(1);
    await seen(1);
    await pass(lookEveryMs);
    await seen(2);
    expect(calls.map(({ atMs }) => atMs - startMs)).toEqual([
      firstLookMs,
      firstLookMs + lookEveryMs,
    ]);
    await keeper.stop();
  });

  test('tells history what is too old at the time of the look', async () => {
    const { clock, calls, keeper, pass, seen } = setUp([done]);
    const lookMs = clock.now() + firstLookMs;
    keeper.start();
    await pass(firstLookMs);
    await seen(1);
    expect(calls[0]?.cutoffs).toEqual({
      eventsBeforeMs: lookMs - 30 * dayMs,
      runsBeforeMs: lookMs - 30 * dayMs,
      tracesBeforeMs: lookMs - 7 * dayMs,
    });
    await keeper.stop();
  });

  test('goes on after a rest while there is more, and says in one line what went', async () => {
    const { calls, lines, keeper, pass, seen } = setUp([
      some,
      some,
      { ...some, hasMore: false },
      done,
    ]);
    keeper.start();
    await pass(firstLookMs);
    await seen(1);
    await pass(restMsMin - 1);
    expect(calls).toHaveLength(1);
    await pass(1);
    await seen(2);
    await pass(restMsMin);
    await seen(3);
    await soon(() => lines.length === 1);
    expect(lines[0]).toEqual({
      message: 'history older than its retention was deleted',
      fields: { events: 9, runs: 6, traces: 3, tookMs: 2 * restMsMin },
    });
    expect(new Set(calls.map(({ cutoffs }) => cutoffs)).size).toBe(1);
    await pass(lookEveryMs);
    await seen(4);
    expect(lines).toHaveLength(1);
    await keeper.stop();
  });

  test('rests for as long as a batch took', async () => {
    const { clock, calls, history, keeper, pass, seen } = setUp([some, done]);
    const prune = history.prune;
    history.prune = (cutoffs) => {
      const answer = prune(cutoffs);
      clock.advance(400);
      return answer;
    };
    keeper.start();
    await pass(firstLookMs);
    await seen(1);
    await pass(399);
    expect(calls).toHaveLength(1);
    await pass(1);
    await seen(2);
    await keeper.stop();
  });

  test('outlives a history that is away: it waits longer each time and says so once', async () => {
    const away = new HistoryUnavailableError('disk full');
    const { calls, lines, keeper, pass, seen } = setUp([away, away, away, done, done]);
    keeper.start();
    await pass(firstLookMs);
    await seen(1);
    await pass(backoffMsMin);
    await seen(2);
    await pass(2 * backoffMsMin);
    await seen(3);
    await pass(4 * backoffMsMin - 1);
    expect(calls).toHaveLength(3);
    await pass(1);
    await seen(4);
    expect(lines).toEqual([
      {
        message: 'old history could not be deleted; trying again later',
        fields: { error: 'disk full' },
      },
    ]);
    await pass(lookEveryMs);
    await seen(5);
    await keeper.stop();
  });

  test('never waits longer than the longest backoff', async () => {
    const { keeper, pass, seen } = setUp([new Error('a bug')]);
    keeper.start();
    await pass(firstLookMs);
    for (let count = 1; count <= 12; count++) {
      await seen(count);
      await pass(backoffMsMax);
    }
    await seen(13);
    await keeper.stop();
  });

  test('says what went before a failure', async () => {
    const { lines, keeper, pass, seen } = setUp([some, new HistoryUnavailableError('away')]);
    keeper.start();
    await pass(firstLookMs);
    await seen(1);
    await pass(restMsMin);
    await seen(2);
    await soon(() => lines.length === 2);
    expect(lines[1]?.fields).toMatchObject({ events: 3 });
    await keeper.stop();
  });

  test('gives up until the next look when there is said to be more but nothing goes', async () => {
    const { keeper, pass, seen, calls } = setUp([{ ...done, hasMore: true }]);
    keeper.start();
    await pass(firstLookMs);
    for (let count = 1; count <= emptyBatchesMax; count++) {
      await seen(count);
      await pass(restMsMin);
    }
    await pass(lookEveryMs - 1);
    expect(calls).toHaveLength(emptyBatchesMax);
    await pass(1);
    await seen(emptyBatchesMax + 1);
    await keeper.stop();
  });

  test('stops at once while it waits or rests', async () => {
    const { clock, keeper, pass, seen } = setUp([some]);
    keeper.start();
    await pass(firstLookMs);
    await seen(1);
    await soon(() => clock.pending === 1);
    await keeper.stop();
    expect(clock.pending).toBe(0);
    clock.advance(lookEveryMs);
    await seen(1);
  });

  test('stops when the batch under way is done', async () => {
    const { keeper, history, pass } = setUp([some]);
    const batch = Promise.withResolvers<Pruned>();
    let calls = 0;
    history.prune = () => {
      calls += 1;
      return batch.promise;
    };
    keeper.start();
    await pass(firstLookMs);
    await soon(() => calls === 1);
    let isStopped = false;
    const stopped = keeper.stop().then(() => {
      isStopped = true;
    });
    await Promise.resolve();
    expect(isStopped).toBe(false);
    batch.resolve(some);
    await stopped;
    expect(calls).toBe(1);
  });

  test('does nothing when everything is kept', async () => {
    const { clock, keeper } = setUp([done], { eventsMs: null, runsMs: null, tracesMs: null });
    keeper.start();
    expect(clock.pending).toBe(0);
    await keeper.stop();
  });

  test('can be stopped before it was started, and twice', async () => {
    const { clock, keeper } = setUp([done]);
    await keeper.stop();
    keeper.start();
    keeper.start();
    expect(clock.pending).toBe(1);
    await keeper.stop();
    await keeper.stop();
    expect(clock.pending).toBe(0);
  });

  test('looks at different times on different servers', async () => {
    for (const [random, share] of [
      [0, 0.8],
      [1, 1.2],
    ] as const) {
      const { clock, calls, history } = setUp([done]);
      const log = { info() {}, warn() {} };
      const options = { history, retention: month, clock, log, random: () => random };
      const keeper = new RetentionKeeper(options);
      keeper.start();
      clock.advance(firstLookMs * share - 1);
      expect(calls).toHaveLength(0);
      clock.advance(1);
      await soon(() => calls.length === 1);
      await keeper.stop();
    }
  });
});

describe('what is too old', () => {
  test('is counted from now, each kind by itself', () => {
    expect(cutoffsOf({ eventsMs: 10, runsMs: null, tracesMs: 30 }, 1_000)).toEqual({
      eventsBeforeMs: 990,
      runsBeforeMs: null,
      tracesBeforeMs: 970,
    });
  });

  test('has no traces of its own where they go with their runs', () => {
    expect(cutoffsOf({ eventsMs: null, runsMs: 20, tracesMs: 20 }, 1_000)).toEqual({
      eventsBeforeMs: null,
      runsBeforeMs: 980,
      tracesBeforeMs: null,
    });
  });
});

/** Cancelling and rerunning many runs, page by page, whatever happens in between (execution.md §18). */
import { beforeEach, describe, expect, test } from 'bun:test';
import {
  BulkOperations,
  type BulkRequest,
  BulkRequestError,
  keptBulksMax,
  runningBulksMax,
  TooManyBulkOperationsError,
} from '../../src/executor/bulk_operations.ts';
import type { BulkOperation } from '../../src/executor/bulk_store.ts';
import {
  BulkWork,
  type BulkWorkParts,
  loadRestMs,
  pageRestMs,
  pageRunsMax,
} from '../../src/executor/bulk_work.ts';
import { type Fact, factText } from '../../src/history/fact.ts';
import { QueryError } from '../../src/history/history_error.ts';
import { requeue } from '../../src/queue/queue.ts';
import { loadRun } from '../../src/state/run_state.ts';
import { factHistory } from '../history/fact_history.ts';
import { takeFrom, takeOne } from '../queue/sample_item.ts';
import { createSampleRun, sampleMetadata, sampleRun } from '../state/sample_run.ts';
import { list, onEachEngine, type StoreUnderTest } from '../store_under_test.ts';

onEachEngine((engine) => {
  let under: StoreUnderTest;
  let operations: BulkOperations;
  let history: ReturnType<typeof factHistory>;
  let ids = 0;
  const newId = (): string => {
    ids += 1;
    return `id-${String(ids).padStart(8, '0')}`;
  };
  const facts = async () =>
    (await list(under, 'outbox')).map((text): Fact => JSON.parse(text) as Fact);

  beforeEach(async () => {
    under = await engine.open();
    history = factHistory(facts);
    operations = new BulkOperations({ store: under.store, clock: under.clock, newId, history });
  });

  const runId = (n: number) => `run-${String(n).padStart(6, '0')}`;

  function scheduled(id: string, more: object = {}): string {
    const atMs = under.clock.now();
    const of = { functionId: 'fn-1', functionVersion: 1, functionSlug: 'app-fn', appId: 'app-1' };
    const fact = { t: 'run.scheduled', runId: id, ...of, eventIds: ['e'], eventName: 'test/go' };
    return factText({ ...fact, atMs, ...more } as Fact);
  }

  /** Runs with state, as history knows them; five at a time were scheduled in the same millisecond. */
  async function started(count: number): Promise<void> {
    for (let n = 0; n < count; n += 1) {
      await createSampleRun(under.store, runId(n), { facts: [scheduled(runId(n))] });
      if (n % 5 === 4) under.clock.advance(1);
    }
  }

  /** Runs that have failed. */
  async function failed(count: number): Promise<void> {
    const texts: string[] = [];
    for (let n = 0; n < count; n += 1) {
      const atMs = under.clock.now();
      const end = { t: 'run.ended', runId: runId(n), status: 'Failed', atMs } as const;
      texts.push(scheduled(runId(n)), factText(end));
      if (n % 5 === 4) under.clock.advance(1);
    }
    await under.store.run('history_append', [texts.length, ...texts]);
  }

  const request = (changes: Partial<BulkRequest> = {}): BulkRequest => ({
    ...{ kind: 'cancel', name: 'clean up', ...changes },
    filter: { timeField: 'queued', fromMs: 0, untilMs: 9e15, ...changes.filter },
  });

  function work(parts: Partial<BulkWorkParts> = {}): BulkWork {
    const newRunOf: BulkWorkParts['newRunOf'] = async (original, replayId) => {
      const id = newId();
      const more = { originalRunId: original.runId, replayId };
      return sampleRun(id, { metadata: sampleMetadata(), facts: [scheduled(id, more)] });
    };
    const { store, clock } = under;
    return new BulkWork({ store, clock, newId, history, newRunOf, ...parts });
  }

  /** Does pages until no item is due any more; a page that throws is put back as the server does. */
  async function goOn(worker: BulkWork, pagesMax = 1_000): Promise<number> {
    let pages = 0;
    for (; pages < pagesMax; pages += 1) {
      const { items } = await takeFrom(under, 'bulk', { itemsMax: 1 });
      const [item] = items;
      if (item === undefined) return pages;
      try {
        await worker.handle(item);
      } catch {
        const nowMs = under.clock.now();
        await requeue(under.store, item, { nowMs, isAttempt: true, delaysMs: [0] });
      }
      under.clock.advance(pageRestMs);
    }
    return pages;
  }

  const stateOf = async ({ id }: BulkOperation) => (await operations.get(id)) ?? undefined;
  const endings = async () =>
    (await facts()).flatMap((fact) => (fact.t === 'run.ended' ? [fact.runId] : []));
  const reruns = async () =>
    (await facts()).flatMap((fact) =>
      fact.t === 'run.scheduled' && fact.originalRunId !== undefined ? [fact.originalRunId] : [],
    );
  const duplicates = (names: readonly string[]) => names.length - new Set(names).size;

  describe('cancelling 1 000 runs', () => {
    test('ends each once with exact counts, though every third page fails on its way', async () => {
      await started(1_000);
      const operation = await operations.start(request());
      expect(operation).toMatchObject({ status: 'running', total: 1_000, done: 0 });
      let calls = 0;
      const failing = (what: string): void => {
        calls += 1;
        if (calls % 3 === 0) throw new Error(`${what} failed`);
      };
      const heard: string[] = [];
      const worker = work({
        onEnd: (id) => heard.push(id),
        history: {
          runs: (query) => {
            failing('history');
            return history.runs(query);
          },
        },
        store: {
          ...storeOf(under),
          run: async (script, args) => {
            if (script === 'bulk_advance') failing('the page');
            return under.store.run(script, args);
          },
        },
      });
      const pages = await goOn(worker);
      expect(pages).toBeGreaterThan(1_000 / pageRunsMax);
      expect(await stateOf(operation)).toMatchObject({
        ...{ status: 'completed', total: 1_000, done: 1_000, skipped: 0, error: null },
        endedAtMs: expect.any(Number),
      });
      const ended = await endings();
      expect([ended.length, duplicates(ended), heard.length]).toEqual([1_000, 0, 1_000]);
      expect((await under.keys()).filter((key) => key.startsWith('run:'))).toEqual([]);
    }, 60_000);

    test('passes over those that ended meanwhile and leaves later ones alone', async () => {
      await started(120);
      const operation = await operations.start(request());
      under.clock.advance(1);
      await createSampleRun(under.store, 'later', { facts: [scheduled('later')] });
      for (let n = 0; n < 120; n += 10)
        await under.store.run('run_finish', ['', '', runId(n), 0, 0]);
      await goOn(work());
      expect(await stateOf(operation)).toMatchObject({ total: 120, done: 108, skipped: 12 });
      expect(await loadRun(under.store, 'later', { withSteps: false })).not.toBeNull();
    });

    test('tells of each end as a single cancellation does', async () => {
      await started(1);
      await operations.start(request());
      await goOn(work());
      const told = (await facts()).slice(1).map((fact) => {
        return fact.t === 'event' ? JSON.parse(fact.payload).name : fact;
      });
      expect(told).toMatchObject([
        'inngest/function.finished',
        'inngest/function.cancelled',
        { t: 'run.ended', status: 'Cancelled', runId: runId(0) },
      ]);
    });
  });

  describe('rerunning 1 000 runs', () => {
    test('makes one of each, though answers of the store are lost on their way', async () => {
      await failed(1_000);
      const operation = await operations.start(request({ kind: 'rerun' }));
      let pages = 0;
      const worker = work({
        store: {
          ...storeOf(under),
          run: async (script, args) => {
            const reply = await under.store.run(script, args);
            if (script !== 'bulk_advance') return reply;
            pages += 1;
            // It has run, and nobody heard of it.
            if (pages % 4 === 0) throw new Error('the connection broke');
            return reply;
          },
        },
      });
      await goOn(worker);
      expect(await stateOf(operation)).toMatchObject({
        ...{ status: 'completed', total: 1_000, done: 1_000, skipped: 0 },
      });
      const made = await reruns();
      expect([made.length, duplicates(made)]).toEqual([1_000, 0]);
    }, 60_000);

    test('goes on with another process after a crash, with the page that was not done', async () => {
      await failed(170);
      const operation = await operations.start(request({ kind: 'rerun' }));
      await goOn(work(), 2);
      // It dies with a page in work.
      const lost = await takeOne(under, 'bulk');
      under.clock.advance(60_000);
      await under.store.run('queue_scavenge', [under.clock.now(), 10]);
      await goOn(work());
      await work().handle(lost);
      expect(await stateOf(operation)).toMatchObject({ status: 'completed', done: 170 });
      expect(await reruns()).toHaveLength(170);
    });

    test('passes over what cannot be run again', async () => {
      await failed(60);
      const operation = await operations.start(request({ kind: 'rerun' }));
      const { newRunOf } = { newRunOf: async () => null };
      await goOn(work({ newRunOf }));
      expect(await stateOf(operation)).toMatchObject({ done: 0, skipped: 60, total: 60 });
    });

    test('takes skipped runs only when asked, and then those of paused functions', async () => {
      const skipped = (n: number, skipReason: 'FunctionPaused' | 'Singleton') => [
        scheduled(runId(n)),
        factText({ t: 'run.ended', runId: runId(n), status: 'Skipped', atMs: 1, skipReason }),
      ];
      const texts = [...skipped(1, 'FunctionPaused'), ...skipped(2, 'Singleton')];
      await under.store.run('history_append', [texts.length, ...texts]);
      const usual = await operations.start(request({ kind: 'rerun' }));
      expect(usual.total).toBe(0);
      const filter = { timeField: 'queued', statuses: ['Skipped'] } as const;
      const asked = await operations.start(request({ kind: 'rerun', filter }));
      await goOn(work());
      expect(await stateOf(asked)).toMatchObject({ total: 2, done: 1, skipped: 1 });
      expect(await reruns()).toEqual([runId(1)]);
    });
  });

  describe('an operation', () => {
    test('stops at once when it is asked to, and stays as it is', async () => {
      await started(3 * pageRunsMax);
      const operation = await operations.start(request());
      await goOn(work(), 1);
      expect(await operations.stop(operation.id)).toMatchObject({ status: 'stopped' });
      expect(await goOn(work())).toBe(0);
      const stopped = await stateOf(operation);
      expect(stopped).toMatchObject({ done: pageRunsMax, endedAtMs: under.clock.now() });
      expect(await operations.stop(operation.id)).toEqual(stopped ?? null);
      expect(await operations.stop('nobody')).toBeNull();
      expect(await operations.get('')).toBeNull();
    });

    test('waits while the server has more to do than it can', async () => {
      await started(1);
      const operation = await operations.start(request());
      expect(await goOn(work({ isOverloaded: () => true }))).toBe(1);
      under.clock.advance(loadRestMs);
      await goOn(work());
      expect(await stateOf(operation)).toMatchObject({ status: 'completed', done: 1 });
    });

    test('fails with what it cannot get over, at last', async () => {
      const operation = await operations.start(request());
      const broken = work({ history: { runs: () => Promise.reject(new Error('disk is gone')) } });
      const pages = await goOn(broken);
      expect(pages).toBe(30);
      expect(await stateOf(operation)).toMatchObject({ status: 'failed', error: 'disk is gone' });
      const hopeless = await operations.start(request());
      const refused = work({ history: { runs: () => Promise.reject(new QueryError('no field')) } });
      expect(await goOn(refused)).toBe(1);
      expect(await stateOf(hopeless)).toMatchObject({ status: 'failed', error: 'no field' });
    });

    test('is refused when it names no runs, or when too many are under way', async () => {
      const filters = [
        { fromMs: undefined },
        { untilMs: undefined },
        { timeField: 'ended' as const },
        { statuses: ['Completed' as const] },
      ];
      for (const filter of filters) {
        const bad = request();
        const start = operations.start({ ...bad, filter: { ...bad.filter, ...filter } as never });
        expect(await start.catch((error: unknown) => error)).toBeInstanceOf(BulkRequestError);
      }
      for (let n = 0; n < runningBulksMax; n += 1) await operations.start(request());
      const start = operations.start(request());
      expect(await start.catch((error: unknown) => error)).toBeInstanceOf(
        TooManyBulkOperationsError,
      );
      expect(await operations.list()).toHaveLength(runningBulksMax);
    });

    test('whose condition cannot be read does not begin', async () => {
      const bad = new BulkOperations({
        ...{ store: under.store, clock: under.clock, newId },
        history: { countRuns: () => Promise.reject(new QueryError('no such field')) },
      });
      expect(await bad.start(request()).catch((error: unknown) => error)).toBeInstanceOf(
        QueryError,
      );
      expect(await operations.list()).toEqual([]);
    });

    test('is forgotten when there are many newer ones', async () => {
      const first = await operations.start(request({ name: 'first' }));
      await operations.stop(first.id);
      for (let n = 0; n < keptBulksMax; n += 1) {
        under.clock.advance(1);
        await operations.stop((await operations.start(request())).id);
      }
      const kept = await operations.list();
      expect([kept.length, kept[0]?.createdAtMs]).toEqual([keptBulksMax, under.clock.now()]);
      expect(await operations.get(first.id)).toBeNull();
    });
  });
});

function storeOf({ store }: StoreUnderTest) {
  return {
    settled: () => store.settled(),
    subscribe: store.subscribe.bind(store),
    trouble: () => store.trouble(),
    close: () => store.close(),
  };
}

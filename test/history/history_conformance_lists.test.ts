/** Lists, counts and searches give the same answers from every database: those of the model. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { EventFact, Fact, RunEndedFact } from '../../src/history/fact.ts';
import type {
  EventQuery,
  EventRecord,
  History,
  RunFilter,
  RunQuery,
} from '../../src/history/history.ts';
import { QueryError } from '../../src/history/history_error.ts';
import { type HistoryUnderTest, testDatabases } from './databases.ts';
import { endedFact, eventFact, scheduledFact, startedFact, textsOf } from './facts.ts';
import { HistoryModel } from './history_model.ts';

/** Few different times, so that many runs share one. */
const runs = Array.from({ length: 240 }, (_, n) => factsOfRun(n)).flat();
const events = Array.from({ length: 150 }, (_, n) =>
  eventFact({
    internalId: `01K${String((n * 37) % 150).padStart(5, '0')}`,
    receivedAtMs: 1_000 + (n % 30),
    name: ['shop/a', 'shop/b', 'inngest/function.finished', 'Shop/A'][n % 4],
  }),
);
/** A sender's retries: the same ids, received later. */
const retries = events.filter((_, n) => n % 9 === 0).map(again);
const facts: readonly Fact[] = [...events, ...retries, ...retries.map(again), ...runs];
const model = new HistoryModel(facts);

function again(event: EventFact): EventFact {
  return { ...event, receivedAtMs: event.receivedAtMs + 7 };
}

function factsOfRun(n: number): Fact[] {
  const runId = `01R${String((n * 61) % 240).padStart(5, '0')}`;
  const atMs = 1_000 + (n % 25);
  const statuses: RunEndedFact['status'][] = ['Completed', 'Failed', 'Cancelled', 'Skipped'];
  const scheduled = scheduledFact({
    runId,
    atMs,
    functionId: `function-${n % 5}`,
    appId: `app-${n % 3}`,
    eventIds: eventsOf(n),
    eventName: ['shop/a', 'shop/b'][n % 2],
    isDeferred: n % 7 === 0,
    ...(n % 8 === 0 && { batchId: `batch-${n}` }),
  });
  if (n % 11 === 0) return [scheduled];
  const started = startedFact({ runId, atMs: atMs + (n % 4) });
  if (n % 13 === 0) return [scheduled, started];
  const status = statuses[(n % 9) % 4];
  const output = JSON.stringify({ n });
  const ended = endedFact({ runId, atMs: atMs + 10 + (n % 6), status, output });
  return n % 5 === 0 ? [scheduled, ended] : [scheduled, started, ended];
}

/** Every eighth run is of a batch. */
function eventsOf(n: number): string[] {
  const ids = n % 8 === 0 ? [n, n + 1, n + 2] : [n];
  return ids.map((id) => `01K${String(id % 150).padStart(5, '0')}`);
}

const timeField = fc.constantFrom('queued', 'started', 'ended');
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const fewOf = (...values: string[]) => fc.subarray(values, { minLength: 1 });

const runFilter: fc.Arbitrary<RunFilter> = fc.record({
  timeField,
  fromMs: maybe(fc.integer({ min: 990, max: 1_050 })),
  untilMs: maybe(fc.integer({ min: 990, max: 1_050 })),
  statuses: maybe(
    fc.subarray(['Scheduled', 'Running', 'Completed', 'Failed', 'Cancelled', 'Skipped']),
  ),
  functionIds: maybe(fewOf('function-0', 'function-1', 'function-9')),
  appIds: maybe(fewOf('app-0', 'app-2', 'app-9')),
  eventId: maybe(fc.nat(20).map((n) => `01K${String(n).padStart(5, '0')}`)),
  isDeferred: maybe(fc.boolean()),
});

const runQuery: fc.Arbitrary<RunQuery> = fc
  .tuple(
    runFilter,
    fc.record({
      orderBy: timeField,
      direction: fc.constantFrom('asc', 'desc'),
      limit: fc.integer({ min: 1, max: 60 }),
      withOutput: maybe(fc.boolean()),
    }),
  )
  .map(([filter, order]) => ({ ...filter, ...order }));

const eventId = fc.nat(160).map((n) => `01K${String(n).padStart(5, '0')}`);
const receivedAtMs = fc.integer({ min: 990, max: 1_050 });

const eventQuery: fc.Arbitrary<EventQuery> = fc.record({
  limit: fc.integer({ min: 0, max: 60 }),
  names: maybe(fewOf('shop/a', 'shop/b', 'inngest/function.finished', 'shop/none')),
  receivedAfterMs: maybe(fc.integer({ min: 990, max: 1_040 })),
  receivedBeforeMs: maybe(fc.integer({ min: 990, max: 1_040 })),
  includeInternal: maybe(fc.boolean()),
  before: maybe(fc.oneof(eventId, fc.record({ internalId: eventId, receivedAtMs }))),
});

describe.each(testDatabases())('$name', (database) => {
  let opened: HistoryUnderTest;
  let history: History;

  beforeAll(async () => {
    if (!database.isHere) return;
    opened = await database.open();
    history = opened.history;
    await history.record(textsOf(facts));
  });
  afterAll(async () => {
    if (database.isHere) await opened.dispose();
    await database.end();
  });
  const it = test.skipIf(!database.isHere);

  it('every list of runs is the model’s', async () => {
    await fc.assert(
      fc.asyncProperty(runQuery, async (query) => {
        expect(await history.runs(query)).toEqual(model.runs(query));
      }),
      { numRuns: 250 },
    );
  });

  it('every count of runs is the model’s', async () => {
    await fc.assert(
      fc.asyncProperty(runFilter, maybe(timeField), async (filter, orderBy) => {
        const count = await history.countRuns({ ...filter, orderBy });
        expect(count).toBe(model.countRuns({ ...filter, orderBy }));
        const list = { ...filter, orderBy: orderBy ?? filter.timeField, limit: 1_000 } as const;
        expect(count).toBe((await history.runs({ ...list, direction: 'asc' })).runs.length);
      }),
      { numRuns: 150 },
    );
  });

  it('pages put together are the whole list, whatever their size', async () => {
    await fc.assert(
      fc.asyncProperty(runQuery, async (query) => {
        const ids: string[] = [];
        let after: RunQuery['after'];
        for (let page = 0; page < 300; page++) {
          const { runs, hasMore } = await history.runs({ ...query, after });
          ids.push(...runs.map((run) => run.runId));
          const last = runs.at(-1);
          if (!hasMore || last === undefined) break;
          const times = {
            queued: last.scheduledAtMs,
            started: last.startedAtMs,
            ended: last.endedAtMs,
          };
          after = { atMs: times[query.orderBy] ?? 0, runId: last.runId };
        }
        const whole = model.runs({ ...query, limit: 1_000 });
        expect(ids).toEqual(whole.runs.map((run) => run.runId));
      }),
      { numRuns: 25 },
    );
  });

  it('pages of events put together are the whole list, receipts of one id and all', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 7 }), async (limit) => {
        const found: EventRecord[] = [];
        for (let page: readonly EventRecord[] | null = null; page?.length !== 0; ) {
          const before = found.at(-1);
          page = await history.events({ limit, ...(before && { before }) });
          found.push(...page);
        }
        expect(found).toEqual([...model.events({ limit: 1_000 })]);
      }),
      { numRuns: 7 },
    );
  });

  it('every list and count of events is the model’s', async () => {
    await fc.assert(
      fc.asyncProperty(eventQuery, async (query) => {
        expect(await history.events(query)).toEqual(model.events(query));
        expect(await history.countEvents(query)).toBe(model.countEvents(query));
      }),
      { numRuns: 200 },
    );
  });

  it('a search finds what its expression says, in the order of the list and in pages', async () => {
    const query = 'output.n >= 60 && output.n < 200';
    const list: RunQuery = {
      timeField: 'queued',
      orderBy: 'ended',
      direction: 'desc',
      limit: 1_000,
      withOutput: true,
    };
    const all = model.runs(list).runs.filter(({ output }) => {
      const { n } = JSON.parse(output ?? '{}');
      return n >= 60 && n < 200;
    });
    const isFailed = (run: { status: string }) => ['Failed', 'Cancelled'].includes(run.status);
    const wanted = all.filter((run) => !isFailed(run)).map((run) => run.runId);
    const found = await history.runs({ ...list, query, statuses: ['Completed'] });
    expect(found.runs.map((run) => run.runId)).toEqual(wanted);
    const first = await history.runs({ ...list, query, statuses: ['Completed'], limit: 5 });
    expect(first.hasMore).toBe(true);
    expect(first.runs.map((run) => run.runId)).toEqual(wanted.slice(0, 5));
    const count = await history.countRuns({ timeField: 'queued', query, statuses: ['Completed'] });
    expect(count).toBe(wanted.length);
  });

  it('a search over events looks at their payloads', async () => {
    const query = 'event.name == "shop/a" && event.data.total == 12';
    const names = ['shop/a'];
    expect(await history.events({ limit: 10, query })).toEqual(model.events({ limit: 10, names }));
    expect(await history.countEvents({ query })).toBe(model.countEvents({ names }));
    expect(await history.countEvents({ query: 'event.data.total == 13' })).toBe(0);
  });

  it('a search over runs looks at the payloads of their events, of each in a batch', async () => {
    const list = { timeField: 'queued', orderBy: 'queued', direction: 'asc', limit: 999 } as const;
    const { runs } = await history.runs({ ...list, query: 'event.data.total > 11.5' });
    expect(runs).toEqual(model.runs(list).runs);
    // The run says the name of the first of its events only.
    const name = 'inngest/function.finished';
    const found = await history.runs({ ...list, query: `event.name == "${name}"` });
    const named = model.events({ limit: 999, names: [name], includeInternal: true });
    const ids = named.map(({ internalId }) => internalId);
    const wanted = model
      .runs(list)
      .runs.filter((run) => run.batchId !== null && run.eventIds.some((id) => ids.includes(id)));
    expect(found.runs).toEqual(wanted);
    expect(wanted.length).toBeGreaterThan(0);
  });

  it('an expression that is none is refused as such', async () => {
    const list = { timeField: 'queued', orderBy: 'queued', direction: 'asc', limit: 9 } as const;
    const asked = [
      history.runs({ ...list, query: 'event.data.total ==' }),
      history.countRuns({ timeField: 'queued', query: 'has(event.data)' }),
      history.events({ limit: 9, query: 'output.n == 1' }),
      history.countEvents({ query: '((' }),
    ];
    for (const refused of await Promise.allSettled(asked))
      expect(refused).toMatchObject({ reason: expect.any(QueryError) });
  });

  it('a search that nobody waits for any more ends with the reason', async () => {
    const list = { timeField: 'queued', orderBy: 'queued', direction: 'asc', limit: 9 } as const;
    const query = 'event.data.total == -1';
    const early = history.runs({ ...list, query }, AbortSignal.abort(new Error('gone')));
    await expect(early).rejects.toThrow('gone');
    const giveUp = new AbortController();
    const late = history.runs({ ...list, query }, giveUp.signal);
    giveUp.abort(new Error('no longer'));
    await expect(late).rejects.toThrow('no longer');
    expect((await history.runs({ ...list, query })).runs).toEqual([]);
  });

  it('a search of events and a count that nobody waits for end with the reason, too', async () => {
    const query = 'event.data.total == -1';
    for (const search of [
      (signal: AbortSignal) => history.events({ limit: 9, query }, signal),
      (signal: AbortSignal) => history.countEvents({ query }, signal),
    ]) {
      await expect(search(AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
      const giveUp = new AbortController();
      const late = search(giveUp.signal);
      giveUp.abort(new Error('no longer'));
      await expect(late).rejects.toThrow('no longer');
    }
    expect(await history.countEvents({ query })).toBe(0);
  });
});

/** How SQLite finds the lists: in the order of an index, however wide their window; only what is few is sorted. */
import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Fact } from '../../../src/history/fact.ts';
import { readFacts } from '../../../src/history/fact_reading.ts';
import type { EventQuery, RunQuery } from '../../../src/history/history.ts';
import { countEventRows, readEvents } from '../../../src/history/sql/event_query.ts';
import { writeFacts } from '../../../src/history/sql/fact_writer.ts';
import { countRunRows, readRunPage } from '../../../src/history/sql/run_list.ts';
import type { SqlSource, Value } from '../../../src/history/sql/source.ts';
import { migrate } from '../../../src/history/sqlite/migrations.ts';
import { SqliteSink, SqliteSource } from '../../../src/history/sqlite/sqlite_source.ts';
import { endedFact, eventFact, scheduledFact, startedFact, textsOf } from '../facts.ts';

/** More than a list sorts. */
const rows = 6_000;

/** Remembers how each query was planned. */
class PlannedSource implements SqlSource {
  readonly kind = 'sqlite';
  readonly plans: string[] = [];
  readonly #source: SqliteSource;
  constructor(db: Database) {
    this.#source = new SqliteSource(db);
  }

  async all<R>(text: string, values: readonly Value[] = []): Promise<readonly R[]> {
    const plan = await this.#source.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${text}`, values);
    this.plans.push(plan.map(({ detail }) => detail).join('; '));
    return this.#source.all(text, values);
  }
}

let db: Database;

beforeAll(async () => {
  db = new Database(':memory:');
  migrate(db);
  const facts = Array.from({ length: rows }, (_, n) => factsOf(n)).flat();
  await writeFacts(new SqliteSink(db), readFacts(textsOf(facts)).facts);
});
afterAll(() => db.close(true));

function factsOf(n: number): Fact[] {
  const id = String(n).padStart(6, '0');
  const runId = `run-${id}`;
  return [
    eventFact({ internalId: id, receivedAtMs: n }),
    scheduledFact({ runId, atMs: n, isDeferred: true, eventIds: [id] }),
    startedFact({ runId, atMs: n }),
    ...(n % 2 === 0 ? [endedFact({ runId, atMs: n, status: 'Failed' })] : []),
  ];
}

const sorts = /TEMP B-TREE FOR ORDER BY/;
const wide = { receivedAfterMs: 0, receivedBeforeMs: rows };

describe('a list of events', () => {
  const lists: readonly (readonly [string, string, Partial<EventQuery>])[] = [
    ['of all that are shown', 'events_shown', {}],
    ['from a place on', 'events_shown', { before: '003000' }],
    ['from a time on', 'events_shown', { receivedAfterMs: 0 }],
    ['up to a time', 'events_shown', { receivedBeforeMs: rows }],
    ['within a window', 'events_shown', wide],
    ['within a window, with internal ones', 'sqlite_autoindex', { ...wide, includeInternal: true }],
    ['of a name', 'events_by_name', { names: ['shop/order.paid'] }],
    ['of a name within a window', 'events_by_name', { ...wide, names: ['shop/order.paid'] }],
    ['of two names within a window', 'events_by_name', { ...wide, names: ['a', 'b'] }],
    ['of many names', 'events_shown', { ...wide, names: Array.from('abcdefghijklmnopqrst') }],
  ];

  test.each(lists)('%s walks through %s', async (_, index, query) => {
    const source = new PlannedSource(db);
    await readEvents(source, { limit: 5, ...query });
    expect(source.plans.at(-1)).toContain(index);
    for (const plan of source.plans) expect(plan).not.toMatch(sorts);
  });

  test('within a narrow window sorts what it finds', async () => {
    const source = new PlannedSource(db);
    const found = await readEvents(source, { limit: 5, receivedAfterMs: 7, receivedBeforeMs: 9 });
    expect(found.map(({ receivedAtMs }) => receivedAtMs)).toEqual([9, 8, 7]);
    expect(source.plans.at(-1)).toContain('events_by_received');
  });

  test('of internal names, where those are not shown, is known to be empty', async () => {
    const source = new PlannedSource(db);
    expect(await readEvents(source, { limit: 5, names: ['inngest/function.failed'] })).toEqual([]);
    expect(source.plans).toEqual([]);
  });

  test('is counted without looking at payloads', async () => {
    const source = new PlannedSource(db);
    for (const filter of [{}, wide, { ...wide, names: ['shop/order.paid'] }]) {
      await countEventRows(source, filter);
    }
    for (const plan of source.plans) expect(plan).toContain('COVERING INDEX');
  });
});

describe('a list of runs', () => {
  const newest = {
    ...{ timeField: 'queued', orderBy: 'queued', direction: 'desc', limit: 5 },
  } as const satisfies RunQuery;
  const lists: readonly (readonly [string, string, Partial<RunQuery>])[] = [
    ['of all', 'runs_by_queued', {}],
    ['from the oldest on', 'runs_by_queued', { direction: 'asc' }],
    ['within a window', 'runs_by_queued', { fromMs: 0, untilMs: rows }],
    ['by their start', 'runs_by_started', { timeField: 'started', orderBy: 'started' }],
    ['by their end', 'runs_by_ended', { timeField: 'ended', orderBy: 'ended', fromMs: 0 }],
    ['started in a window', 'runs_by_queued', { timeField: 'started', fromMs: 0 }],
    ['of a function', 'runs_by_function', { functionIds: ['function-1'] }],
    ['of functions', 'runs_by_queued', { functionIds: ['function-1', 'function-2'] }],
    ['of an app', 'runs_by_app', { appIds: ['app-1'] }],
    ['that are open', 'runs_open', { statuses: ['Running', 'Scheduled'] }],
    ['that failed', 'runs_ended_badly', { statuses: ['Failed'] }],
    ['that were deferred', 'runs_deferred', { isDeferred: true }],
    [
      'of a function that were deferred',
      'runs_deferred',
      { isDeferred: true, functionIds: ['function-1'] },
    ],
    ['that were not deferred', 'runs_by_queued', { isDeferred: false }],
  ];

  test.each(lists)('%s walks through %s', async (_, index, query) => {
    const source = new PlannedSource(db);
    await readRunPage(source, { ...newest, ...query });
    expect(source.plans.at(-1)).toContain(index);
    for (const plan of source.plans) expect(plan).not.toMatch(sorts);
    await countRunRows(source, { ...newest, ...query });
    for (const plan of source.plans) expect(plan).not.toMatch(sorts);
  });
});

import { Database } from 'bun:sqlite';
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { Fact } from '../../src/history/fact.ts';
import { FactWriter } from '../../src/history/sqlite/fact_writer.ts';
import { migrate } from '../../src/history/sqlite/migrations.ts';
import {
  anyFact,
  endedFact,
  eventFact,
  scheduledFact,
  startedFact,
  stepFact,
  textsOf,
} from './facts.ts';

function openMemory(): Database {
  const db = new Database(':memory:');
  migrate(db);
  return db;
}

/** Every row of every table, in the order in which they were first written. */
function tablesOf(db: Database): Record<string, unknown[]> {
  const tables: Record<string, unknown[]> = {};
  for (const [table, order] of [
    ['events', 'rowid'],
    ['runs', 'rowid'],
    ['run_events', 'event_id, run_id'],
    ['steps', 'rowid'],
  ]) {
    tables[`${table}`] = db.query(`SELECT * FROM ${table} ORDER BY ${order}`).all();
  }
  return tables;
}

/** The same without regard to the order in which rows came. */
function sortedTablesOf(db: Database): Record<string, string[]> {
  const sorted: Record<string, string[]> = {};
  for (const [table, rows] of Object.entries(tablesOf(db))) {
    sorted[table] = rows.map((row) => JSON.stringify(row)).sort();
  }
  return sorted;
}

function written(facts: readonly Fact[]): Database {
  const db = openMemory();
  new FactWriter(db).write(textsOf(facts));
  return db;
}

describe('replays', () => {
  test('a batch that is recorded again, whole or in part, changes no table', () => {
    fc.assert(
      fc.property(
        fc.array(anyFact, { minLength: 1, maxLength: 40 }),
        fc.array(fc.tuple(fc.nat(40), fc.nat(40)), { maxLength: 5 }),
        (facts, replays) => {
          const db = written(facts);
          const before = tablesOf(db);
          const writer = new FactWriter(db);
          for (const [from, count] of replays)
            writer.write(textsOf(facts.slice(from, from + count)));
          writer.write(textsOf(facts));
          expect(tablesOf(db)).toEqual(before);
          db.close();
        },
      ),
      { numRuns: 150 },
    );
  });

  test('a crash at any fact, followed by the outbox from any earlier fact on, gives the same tables', () => {
    fc.assert(
      fc.property(
        fc.array(anyFact, { minLength: 1, maxLength: 40 }),
        fc.nat(40),
        fc.nat(40),
        (facts, recorded, trimmed) => {
          const db = openMemory();
          const writer = new FactWriter(db);
          writer.write(textsOf(facts.slice(0, recorded)));
          writer.write(textsOf(facts.slice(Math.min(trimmed, recorded))));
          const whole = written(facts);
          expect(tablesOf(db)).toEqual(tablesOf(whole));
          db.close();
          whole.close();
        },
      ),
      { numRuns: 150 },
    );
  });
});

test('facts give the same rows in whatever order they come', () => {
  const shuffled = fc
    .array(anyFact, { minLength: 1, maxLength: 40 })
    .chain((facts) =>
      fc.tuple(fc.constant(facts), fc.shuffledSubarray(facts, { minLength: facts.length })),
    );
  fc.assert(
    fc.property(shuffled, ([facts, otherOrder]) => {
      const one = written(facts);
      const other = written(otherOrder);
      expect(sortedTablesOf(other)).toEqual(sortedTablesOf(one));
      one.close();
      other.close();
    }),
    { numRuns: 150 },
  );
});

test('an event that a sender retried with the same seed is stored a second time, a replayed one is not', () => {
  const db = written([eventFact(), eventFact(), eventFact({ receivedAtMs: 1_001 })]);
  expect(
    db.query('SELECT internal_id, received_at_ms FROM events ORDER BY rowid').values(),
  ).toEqual([
    ['01K000000000000000000000A0', 1_000],
    ['01K000000000000000000000A0', 1_001],
  ]);
  db.close();
});

test('the function body may fail in attempt 0 more than once', () => {
  const db = written([
    stepFact({ stepId: 'step', status: 'Errored', atMs: 10 }),
    stepFact({ stepId: 'step', status: 'Errored', atMs: 20 }),
    stepFact({ stepId: 'abc', status: 'Running', atMs: 30 }),
    stepFact({ stepId: 'abc', status: 'Running', atMs: 40 }),
  ]);
  expect(db.query('SELECT step_id, at_ms FROM steps ORDER BY at_ms').values()).toEqual([
    ['step', 10],
    ['step', 20],
    ['abc', 30],
  ]);
  db.close();
});

test('facts that cannot be read are named and the others recorded', () => {
  const db = openMemory();
  const rejections = new FactWriter(db).write([
    'not json',
    JSON.stringify({ t: 'run.paused', runId: 'run-1' }),
    JSON.stringify({ ...startedFact(), atMs: 'secret' }),
    JSON.stringify(eventFact({ payload: '{"data":{}}' })),
    JSON.stringify(scheduledFact()),
    JSON.stringify(endedFact()),
  ]);
  expect(rejections.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
  expect(rejections.map(({ reason }) => reason).join()).not.toContain('secret');
  expect(db.query('SELECT ended_status FROM runs').values()).toEqual([['Completed']]);
  db.close();
});

test('a batch that SQLite refuses leaves nothing behind and the next one goes through', () => {
  const db = openMemory();
  const writer = new FactWriter(db);
  db.run(
    `CREATE TRIGGER full BEFORE INSERT ON steps BEGIN SELECT RAISE(ABORT, 'disk is full'); END`,
  );
  expect(() => writer.write(textsOf([eventFact(), stepFact()]))).toThrow('disk is full');
  expect(tablesOf(db).events).toEqual([]);
  db.run('DROP TRIGGER full');
  writer.write(textsOf([eventFact(), stepFact()]));
  expect(tablesOf(db).steps).toHaveLength(1);
  db.close();
});

test('a database of a newer server is refused', () => {
  const db = openMemory();
  db.run('PRAGMA user_version = 99');
  expect(() => migrate(db)).toThrow('version 99');
  db.close();
});

/** Batches of facts as rows. */
import { Database } from 'bun:sqlite';
import { beforeEach, expect, test } from 'bun:test';
import { readFacts } from '../../src/history/fact_reading.ts';
import { writeFacts } from '../../src/history/sql/fact_writer.ts';
import { RowsRefusedError, type SqlSink } from '../../src/history/sql/source.ts';
import { migrate } from '../../src/history/sqlite/migrations.ts';
import { SqliteSink } from '../../src/history/sqlite/sqlite_source.ts';
import {
  callEndedFact,
  callStartedFact,
  endedFact,
  eventFact,
  scheduledFact,
  startedFact,
  stepFact,
  textsOf,
} from './facts.ts';

let db: Database;
let sink: SqliteSink;

beforeEach(() => {
  db = new Database(':memory:');
  migrate(db);
  sink = new SqliteSink(db);
});

const write = (...facts: Parameters<typeof textsOf>[0]) =>
  writeFacts(sink, readFacts(textsOf(facts)).facts);
const rows = (table: string) => db.query(`SELECT * FROM ${table}`).all();

test('an event that a sender retried with the same seed is stored a second time, a replayed one is not', async () => {
  await write(eventFact(), eventFact(), eventFact({ receivedAtMs: 1_001 }));
  await write(eventFact());
  expect(db.query('SELECT received_at_ms FROM events ORDER BY rowid').values()).toEqual([
    [1_000],
    [1_001],
  ]);
});

test('a call that has ended within its batch takes one row', async () => {
  await write(callStartedFact(), callEndedFact(), callStartedFact({ callId: 'start#2' }));
  expect(rows('run_facts')).toHaveLength(2);
});

test('a fact that is kept does not repeat its run’s id', async () => {
  await write(stepFact());
  expect(JSON.stringify(rows('run_facts'))).toMatch(/^(?:(?!run-1).)*run-1(?:(?!run-1).)*$/);
});

test('a batch that SQLite refuses leaves nothing behind and the next one goes through', async () => {
  db.run(
    `CREATE TRIGGER full BEFORE INSERT ON run_facts BEGIN SELECT RAISE(ABORT, 'disk is full'); END`,
  );
  await expect(write(eventFact(), scheduledFact(), stepFact())).rejects.toThrow('disk is full');
  expect([...rows('events'), ...rows('runs')]).toEqual([]);
  db.run('DROP TRIGGER full');
  await write(eventFact(), stepFact());
  expect(rows('run_facts')).toHaveLength(1);
});

test('a fact whose rows the database never takes is left out and named, the others are recorded', async () => {
  const picky: SqlSink = {
    kind: 'sqlite',
    all: (text, values) => sink.all(text, values),
    run: (text, values) => sink.run(text, values),
    insert: async (insertion, added) => {
      if (JSON.stringify(added).includes('too long')) throw new RowsRefusedError('too long');
      await sink.insert(insertion, added);
    },
    transaction: (work) => sink.transaction(() => work(picky)),
  };
  const texts = textsOf([
    eventFact(),
    scheduledFact(),
    stepFact({ name: 'too long' }),
    startedFact(),
    endedFact(),
  ]);
  const rejections = await writeFacts(picky, readFacts(texts).facts);
  expect(rejections).toEqual([{ index: 2, reason: 'too long' }]);
  expect([rows('events').length, rows('run_facts').length]).toEqual([1, 0]);
  expect(db.query('SELECT ended_status FROM runs').values()).toEqual([['Completed']]);
});

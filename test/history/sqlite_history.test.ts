/** History in a SQLite file: the file itself, older files, and the space it takes. */
import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { History } from '../../src/history/history.ts';
import { openHistory } from '../../src/history/open_history.ts';
import { migrations } from '../../src/history/sqlite/migrations.ts';
import type { FactTally } from '../../src/history/tally.ts';
import { endedFact, eventFact, scheduledFact, startedFact, stepFact, textsOf } from './facts.ts';

let folder: string;
let path: string;
let history: History;

const open = () => openHistory({ kind: 'sqlite', path });

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'inngest-test-'));
  path = join(folder, 'data', 'history.db');
  history = await open();
});

afterEach(async () => {
  await history.close();
  rmSync(folder, { recursive: true });
});

const newest = { timeField: 'queued', orderBy: 'queued', direction: 'desc', limit: 10 } as const;

test('what was recorded is there after a restart, in one file', async () => {
  await history.record(textsOf([eventFact(), scheduledFact()]));
  await history.runs(newest);
  await history.close();
  expect(readdirSync(join(folder, 'data'))).toEqual(['history.db']);
  history = await open();
  expect(await history.event('01K000000000000000000000A0')).not.toBeNull();
});

test('without a path, history lives in a temporary file and goes when it is closed', async () => {
  const tmpdirBefore = process.env.TMPDIR;
  process.env.TMPDIR = join(folder, 'data');
  const passing = await openHistory({ kind: 'sqlite', path: null });
  if (tmpdirBefore === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = tmpdirBefore;
  expect(temporaryFolders()).toHaveLength(1);
  await passing.record(textsOf([eventFact(), scheduledFact()]));
  expect(await passing.events({ limit: 9 })).toHaveLength(1);
  expect((await passing.runs(newest)).runs).toHaveLength(1);
  await passing.close();
  expect(temporaryFolders()).toEqual([]);
});

function temporaryFolders(): string[] {
  return readdirSync(join(folder, 'data')).filter((name) => name.startsWith('inngest-history-'));
}

test('a file that is no database is refused with its name', async () => {
  const notes = join(folder, 'notes.txt');
  writeFileSync(notes, 'these are notes, '.repeat(400));
  await expect(openHistory({ kind: 'sqlite', path: notes })).rejects.toThrow(
    /cannot open history database .*notes\.txt: .*not a database/,
  );
});

test('a database of a newer server is refused', async () => {
  await history.close();
  const db = new Database(path);
  db.run('PRAGMA user_version = 99');
  db.close(true);
  await expect(open()).rejects.toThrow('version 99');
});

test('what an older server recorded is taken over', async () => {
  await history.close();
  path = join(folder, 'older.db');
  const detail = { event: 'a', expression: null };
  const older = new Database(path);
  migrations[0]?.(older);
  older.run('PRAGMA user_version = 1');
  const payload = JSON.stringify({ name: 'shop/order.paid', data: { text: 'x'.repeat(9_000) } });
  older.run(`INSERT INTO events VALUES ('event-1', 1000, 'shop/order.paid', 0, ?)`, [payload]);
  const run = `'f-1', 3, 'shop-ship', 'app-1', '["event-1"]', 'shop/order.paid', NULL, NULL, NULL`;
  older.run(`INSERT INTO runs VALUES ('run-1', ${run}, 2000, 3000, 9000, 'Failed', '{"a":1}')`);
  older.run(`INSERT INTO runs (run_id, started_at_ms) VALUES ('run-2', 5)`);
  older.run(`INSERT INTO run_events VALUES ('event-1', 'run-1')`);
  const addStep = older.prepare('INSERT INTO steps VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)');
  const wait = ['hash', 0, 'Waiting', 0, 30, 'wait', 'waitForEvent', 20, 1.5, '[1]', '"x"'];
  addStep.run('run-1', ...wait, JSON.stringify(detail));
  const body = ['step', 0, 'Errored', 40, 40, 'step', 'function', null, null, null, null, null];
  addStep.run('run-1', ...body);
  older.close(true);

  history = await open();
  expect(await history.event('event-1')).toMatchObject({ payload, receivedAtMs: 1_000 });
  const [first, ...others] = await history.runsOfEvent('event-1', { withOutput: true });
  expect(others).toEqual([]);
  expect(first).toMatchObject({ functionName: '', status: 'Failed', output: '{"a":1}', links: [] });
  const facts = await history.factsOf('run-1');
  expect(facts).toEqual([
    stepFact({
      ...{ stepId: 'hash', name: 'wait', kind: 'waitForEvent', status: 'Waiting', atMs: 30 },
      ...{ startedAtMs: 20, durationMs: 1.5, input: '[1]', output: '"x"', detail },
    }),
    stepFact({ stepId: 'step', name: 'step', kind: 'function', status: 'Errored', atMs: 40 }),
  ]);
  // The outbox may still have what the older server recorded.
  await history.record(textsOf([...facts, scheduledFact({ runId: 'run-2' })]));
  expect(await history.factsOf('run-1')).toEqual(facts);
  expect(await history.run('run-2')).toMatchObject({ status: 'Running', startedAtMs: 5 });
  expect(await history.countRuns({ timeField: 'queued' })).toBe(2);
});

test('space of what was deleted is given back', async () => {
  const noise = Buffer.from(crypto.getRandomValues(new Uint8Array(15_000))).toString('base64');
  const runs = Array.from({ length: 1_500 }, (_, n) => [
    scheduledFact({ runId: `run-${n}`, atMs: 1_000 }),
    endedFact({ runId: `run-${n}`, atMs: 2_000, output: JSON.stringify(noise) }),
  ]);
  await history.record(textsOf(runs.flat()));
  await history.close();
  const before = statSync(path).size;
  history = await open();
  const cutoffs = { eventsBeforeMs: null, runsBeforeMs: 3_000, tracesBeforeMs: null };
  for (let batch = 0; batch < 1_000; batch++) {
    if (!(await history.prune(cutoffs)).hasMore) break;
  }
  await history.close();
  expect(statSync(path).size).toBeLessThan(before / 2);
});

test('large payloads take a fraction of their size', async () => {
  const payload = JSON.stringify({
    name: 'a',
    data: { lines: 'the same line again\n'.repeat(5_000) },
  });
  const facts = Array.from({ length: 50 }, (_, n) => eventFact({ internalId: `e${n}`, payload }));
  await history.record(textsOf(facts));
  await history.close();
  expect(statSync(path).size).toBeLessThan((payload.length * facts.length) / 5);
});

test('what each batch adds to the metrics is told once it is on disk', async () => {
  const tallies: FactTally[] = [];
  const counted = await openHistory({
    kind: 'sqlite',
    path: null,
    onRecorded: (tally) => tallies.push(tally),
  });
  await counted.record(textsOf([eventFact(), scheduledFact(), startedFact()]));
  await counted.close();
  expect(tallies.flat().reduce((sum, entry) => sum + entry.count, 0)).toBe(3);
});

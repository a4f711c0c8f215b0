/** A history file of the first servers is brought to the newest shape: told, whole, and without its gaps. */
import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openHistory } from '../../src/history/open_history.ts';
import { upgrade } from '../../src/history/sqlite/upgrade.ts';
import type { LogFields } from '../../src/lib/logger.ts';
import { eventually } from '../eventually.ts';
import { firstRunId, makeFirstShape, stepsPerRun } from './sqlite_first_shape.ts';

const runs = 2_000;
const begins = 'bringing the history database to a newer shape; this may take minutes';
const gives = 'giving back the space that the older shape of the history database took';
const ends = 'the history database has its newer shape';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'inngest-test-'));
  path = join(folder, 'history.db');
  makeFirstShape(path, runs);
});
afterEach(() => rmSync(folder, { recursive: true }));

async function checkUpgraded(): Promise<void> {
  const history = await openHistory({ kind: 'sqlite', path });
  expect(await history.countRuns({ timeField: 'queued' })).toBe(runs);
  expect(await history.countEvents({})).toBe(runs);
  for (const n of [0, 1, runs - 1]) {
    expect(await history.factsOf(firstRunId(n))).toHaveLength(stepsPerRun);
    expect(await history.run(firstRunId(n))).toMatchObject({
      status: 'Completed',
      hasAi: n === 0,
    });
  }
  await history.close();
  const db = new Database(path);
  expect(db.query('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
  expect(db.query('PRAGMA auto_vacuum').get()).toEqual({ auto_vacuum: 2 });
  expect(db.query('PRAGMA freelist_count').get()).toEqual({ freelist_count: 0 });
  db.close(true);
}

test('it is said before and after, once, and the file does not stay larger than its rows', async () => {
  const said: { message: string; fields: LogFields | undefined }[] = [];
  const note = (message: string, fields?: LogFields) => said.push({ message, fields });
  const log = { info: note, warn: note };
  const bytes = statSync(path).size;
  await (await openHistory({ kind: 'sqlite', path, log })).close();
  expect(said.map(({ message }) => message)).toEqual([begins, gives, ends]);
  expect(said[0]?.fields).toMatchObject({ path, bytes, version: 1 });
  expect(said[2]?.fields).toMatchObject({ path, tookMs: expect.any(Number) });
  expect(statSync(path).size).toBeLessThan(bytes * 1.5);
  await (await openHistory({ kind: 'sqlite', path, log })).close();
  expect(said).toHaveLength(3);
  await checkUpgraded();
});

test('without enough space on the disk nothing is begun', async () => {
  const db = new Database(path);
  const options = { path, note: () => {}, freeBytes: () => 2_000_000 };
  expect(() => upgrade(db, options)).toThrow(
    /takes \d+ MB of free space, and the disk has 2 MB: make space, or move the file away/,
  );
  expect(db.query('PRAGMA user_version').get()).toEqual({ user_version: 1 });
  expect(db.query('SELECT count(*) AS n FROM steps').get()).toEqual({ n: runs * stepsPerRun });
  db.close(true);
  await checkUpgraded();
});

test('who else looks at the file keeps it from shrinking, not the server from starting', async () => {
  const other = new Database(path);
  const notes: string[] = [];
  const db = new Database(path);
  db.run('PRAGMA busy_timeout = 100');
  upgrade(db, {
    path,
    note: (_, message) => {
      notes.push(message);
      if (message === gives) other.run('BEGIN IMMEDIATE');
    },
  });
  expect(notes).toEqual([
    begins,
    gives,
    'the history database keeps its gaps until the next start',
    ends,
  ]);
  other.run('ROLLBACK');
  other.close(true);
  db.close(true);
  await checkUpgraded();
});

/** Of the write-ahead log, where every step goes first. */
function logBytes(): number {
  return existsSync(`${path}-wal`) ? statSync(`${path}-wal`).size : 0;
}

/** Resolves once the step that has been said writes, or has been too quick to be seen. */
async function writing(child: { readonly exitCode: number | null }): Promise<void> {
  let least = logBytes();
  const hasGrown = (): boolean => {
    const bytes = logBytes();
    least = Math.min(least, bytes);
    return bytes > least;
  };
  const what = 'the log of the database grows';
  await eventually(() => hasGrown() || child.exitCode !== null, { intervalMs: 1, what });
}

describe('a server that is killed', () => {
  test.each([
    ['before rows are taken over', begins, false],
    ['while rows are taken over', begins, true],
    ['before space is given back', gives, false],
    ['while space is given back', gives, true],
    ['at the end', ends, false],
  ])('%s leaves a file that the next one goes on with', async (_, step, isUnderWay) => {
    const program = new URL('./upgrading_process.ts', import.meta.url).pathname;
    const child = Bun.spawn([process.execPath, program, path], { stdout: 'pipe', stderr: 'pipe' });
    let said = '';
    for await (const chunk of child.stdout) {
      said += Buffer.from(chunk).toString();
      if (!said.includes(step)) continue;
      if (isUnderWay) await writing(child);
      child.kill('SIGKILL');
      break;
    }
    await child.exited;
    expect(said).toContain(step);
    expect(existsSync(path)).toBe(true);
    await checkUpgraded();
  });
});

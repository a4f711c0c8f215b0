/** Putting databases in the place of others: nothing of the old ones may get into the new ones, wherever it is interrupted. */
import { Database } from 'bun:sqlite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../../src/lib/clock.ts';
import { lockDirectory } from '../../../src/store/embedded/directory_lock.ts';
import { backUp } from '../../../src/store/image/backup.ts';
import { makeOwned } from '../../../src/store/image/ownership.ts';
import { restoreBackup } from '../../../src/store/image/restore_backup.ts';
import { openStaging, refuseUnfinished } from '../../../src/store/image/staging.ts';
import { makeSample, openSample, type Sample, sampleKeys } from './sample.ts';

const lateKey = '{inngest}:late';
const child = join(import.meta.dir, 'killed_restore.ts');
/** More than a restore takes; a bound for loops. */
const stepsMax = 30;
const loopDeadlineMs = 120_000;

let sample: Sample;
/** A directory as a server leaves it that was killed: both databases with logs, and a key that is in the log only. */
let killed: string;
let file: string;
let folder: string;
let dataDir: string;

beforeAll(async () => {
  sample = await makeSample();
  killed = join(sample.folder, 'killed');
  file = join(sample.folder, 'one.backup');
  const history = new Database(join(sample.dataDir, 'history.db'), { create: true });
  history.run('PRAGMA journal_mode = WAL');
  history.run('CREATE TABLE kept (word TEXT)');
  const signal = new AbortController().signal;
  const onProgress = () => {};
  const wishes = { dataDir: sample.dataDir, isForced: false, version: '1', clock: systemClock };
  await backUp({ ...wishes, file, signal, onProgress });
  const store = await openSample(sample.dataDir);
  await store.run('test_command', ['SET', 'late', '1']);
  await store.settled();
  history.run("INSERT INTO kept VALUES ('old')");
  cpSync(sample.dataDir, killed, { recursive: true });
  history.close();
  await store.close();
});
afterAll(() => sample.dispose());
beforeEach(() => {
  folder = mkdtempSync(join(sample.folder, 'case-'));
  dataDir = join(folder, 'data');
  cpSync(killed, dataDir, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Wishes {
  readonly isForced?: boolean;
  readonly step?: () => void;
}

function restore({ isForced = false, step = () => {} }: Wishes = {}) {
  const signal = new AbortController().signal;
  const wishes = { file, dataDir, isForced, step, signal };
  return restoreBackup({ ...wishes, clock: systemClock, onProgress: () => {} });
}

async function keysIn(path: string): Promise<string[]> {
  const store = await openSample(path);
  const keys = store.keys().filter((key) => !key.includes(':x:'));
  await store.close();
  return keys;
}

function wordsIn(path: string): unknown[] {
  const db = new Database(join(path, 'history.db'));
  const words = db.query('SELECT word FROM kept').values();
  db.close();
  return words;
}

async function expectRestored(path = dataDir): Promise<void> {
  const keys = await keysIn(path);
  expect(keys).toHaveLength(sampleKeys);
  expect(keys).not.toContain(lateKey);
  expect(wordsIn(path)).toEqual([]);
  expect(readdirSync(path).filter((name) => name.startsWith('.'))).toEqual([]);
}

function foldersAside(path: string): string[] {
  return readdirSync(path)
    .filter((name) => name.startsWith('replaced-'))
    .map((name) => join(path, name));
}

/** The one folder that has the old databases has them with their logs. */
async function expectOldAside(path: string): Promise<void> {
  let found = 0;
  for (const aside of foldersAside(path)) {
    if (!(await keysIn(aside)).includes(lateKey)) continue;
    found += 1;
    expect(wordsIn(aside)).toEqual([['old']]);
  }
  expect(found).toBe(1);
}

test.each([
  'store.db-wal',
  'store.db-shm',
  'store.db-journal',
  'store.db.new',
  'store.db.new-journal',
  'history.db-wal',
  'history.db-journal',
])('a directory that holds %s alone is refused', async (name) => {
  rmSync(dataDir, { recursive: true });
  mkdirSync(dataDir);
  writeFileSync(join(dataDir, name), 'something');
  await expect(restore()).rejects.toThrow(`already holds ${name}`);
  expect(readdirSync(dataDir)).toEqual([name]);
  const { replaced } = await restore({ isForced: true });
  expect(readFileSync(join(replaced ?? '', name), 'utf8')).toBe('something');
  await expectRestored();
});

test('a log whose database was moved away by hand does not get into the restored one', async () => {
  renameSync(join(dataDir, 'store.db'), join(dataDir, 'store.db.bad'));
  await expect(restore()).rejects.toThrow('already holds history.db and store.db-wal');
  const { replaced } = await restore({ isForced: true });
  expect(readdirSync(replaced ?? '')).toContain('store.db-wal');
  await expectRestored();
});

test('databases are moved aside with their logs', async () => {
  await restore({ isForced: true });
  await expectRestored();
  await expectOldAside(dataDir);
});

test(
  'a restore that is killed before any of its steps is completed by the next one, or by a server',
  async () => {
    let kills = 0;
    for (let isKilled = true; isKilled && kills < stepsMax; ) {
      rmSync(dataDir, { recursive: true });
      cpSync(killed, dataDir, { recursive: true });
      const run = Bun.spawn([process.execPath, child, file, dataDir, String(kills)]);
      await run.exited;
      isKilled = run.signalCode === 'SIGKILL';
      if (!isKilled) expect(run.exitCode).toBe(0);
      const served = join(folder, 'served');
      cpSync(dataDir, served, { recursive: true });
      if (kills === 0) {
        // Nothing was moved yet.
        expect(() => refuseUnfinished(served)).toThrow('is incomplete');
      } else {
        refuseUnfinished(served);
        await expectOldAside(served);
        await expectRestored(served);
      }
      rmSync(served, { recursive: true });
      await restore({ isForced: true });
      await expectRestored();
      await expectOldAside(dataDir);
      if (isKilled) kills += 1;
    }
    // The name of the folder, the folder for the old, six old files, two new ones, the plan, the folder.
    expect(kills).toBe(12);
  },
  loopDeadlineMs,
);

test('a restore that was interrupted just before its end is completed by the next one, which says so', async () => {
  let steps = 0;
  const step = () => {
    steps += 1;
    if (steps === 4) throw new Error('interrupted');
  };
  await expect(restore({ isForced: true, step })).rejects.toThrow('interrupted');
  await expect(restore()).rejects.toThrow('was completed now');
  await expectRestored();
  await expectOldAside(dataDir);
});

test('a log that appears while databases are put in place is not taken for theirs', async () => {
  rmSync(dataDir, { recursive: true });
  const log = join(dataDir, 'store.db-wal');
  const step = () => {
    // The store is about to be put in place: too late for a check before everything.
    if (existsSync(join(dataDir, 'history.db'))) writeFileSync(log, 'something');
  };
  await expect(restore({ step })).rejects.toThrow('store.db-wal came into');
  expect(() => refuseUnfinished(dataDir)).toThrow('move that away and run the command again');
  expect(existsSync(join(dataDir, 'store.db'))).toBe(false);
  rmSync(log);
  refuseUnfinished(dataDir);
  await expectRestored();
});

describe('whoever asks whether a directory is unfinished', () => {
  test('leaves one alone that is not, and one that does not exist', () => {
    const before = readdirSync(dataDir);
    refuseUnfinished(dataDir);
    expect(readdirSync(dataDir)).toEqual(before);
    refuseUnfinished(join(folder, 'nowhere'));
    expect(existsSync(join(folder, 'nowhere'))).toBe(false);
  });

  test('learns that a restore is at work, and does not interfere with it', async () => {
    const nowMs = Date.now();
    const staging = openStaging(dataDir, { refused: ['store.db'], isForced: true, nowMs });
    expect(() => refuseUnfinished(dataDir)).toThrow('still at work');
    staging.close();
    mkdirSync(join(dataDir, '.installing'));
    const lock = lockDirectory(dataDir);
    expect(() => refuseUnfinished(dataDir)).toThrow('still at work');
    lock.release();
    refuseUnfinished(dataDir);
    expect(existsSync(join(dataDir, '.installing'))).toBe(false);
  });

  test('learns that a plan is damaged, and nothing is touched', () => {
    const installing = join(dataDir, '.installing');
    mkdirSync(installing);
    const plan = { databases: ['store.db'], replaced: '../elsewhere', aside: ['store.db'] };
    writeFileSync(join(installing, 'plan.json'), JSON.stringify(plan));
    expect(() => refuseUnfinished(dataDir)).toThrow('plan.json is damaged');
    expect(existsSync(join(dataDir, 'store.db'))).toBe(true);
    expect(readdirSync(installing)).toEqual(['plan.json']);
  });
});

const isRoot = process.geteuid?.() === 0;

describe.skipIf(!isRoot)(
  `restored by root, the files${isRoot ? '' : ' (skipped: needs root)'}`,
  () => {
    const owner = 12_345;
    const ownersIn = (path: string): number[] => [
      statSync(path).uid,
      ...readdirSync(path, { recursive: true, encoding: 'utf8' }).map(
        (name) => statSync(join(path, name)).uid,
      ),
    ];

    test('belong to whom the directory does', async () => {
      rmSync(join(dataDir, 'store.lock'));
      for (const name of readdirSync(dataDir)) chownSync(join(dataDir, name), owner, owner);
      chownSync(dataDir, owner, owner);
      const { ownerAdvice } = await restore({ isForced: true });
      expect(ownerAdvice).toBeNull();
      expect(readdirSync(dataDir)).toContain('store.lock');
      expect(new Set(ownersIn(dataDir))).toEqual(new Set([owner]));
    });

    test('belong to whom the folder does in which their directory was made', async () => {
      chownSync(folder, owner, owner);
      dataDir = join(folder, 'new', 'data');
      expect((await restore()).ownerAdvice).toBeNull();
      expect(new Set(ownersIn(join(folder, 'new')))).toEqual(new Set([owner]));
    });

    test('of another user are named with the command that helps, when they cannot be given', () => {
      const shared = join(folder, 'shared');
      mkdirSync(shared);
      chmodSync(shared, 0o777);
      chownSync(shared, owner, owner);
      for (const path of [sample.folder, folder]) chmodSync(path, 0o755);
      const made = join(shared, 'store.db');
      process.seteuid?.(owner + 1);
      try {
        const ownership = makeOwned(shared);
        expect(ownership.advice()).toBeNull();
        writeFileSync(made, '');
        ownership.give(made);
        expect(ownership.advice()).toContain(`chown -R ${owner}:${owner} ${shared}`);
        const mine = makeOwned(join(shared, 'mine'));
        mine.give(join(shared, 'mine'));
        expect(mine.advice()).toBeNull();
      } finally {
        process.seteuid?.(0);
      }
    });
  },
);

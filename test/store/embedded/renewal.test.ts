/** A new database that takes the place of a lost one: complete it wins over all else, incomplete it is nothing. */
import { Database } from 'bun:sqlite';
import { afterEach, describe, expect, test } from 'bun:test';
import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { databasePath } from '../../../src/store/embedded/database.ts';
import { birthOf, identityOf } from '../../../src/store/embedded/file_identity.ts';
import { HeldDirectory } from '../../../src/store/embedded/held_directory.ts';
import { writeNew } from '../../../src/store/embedded/renewal.ts';
import { type Operand, rowOp } from '../../../src/store/embedded/row_ops.ts';
import { StoreFile } from '../../../src/store/embedded/store_file.ts';
import { alter, filledDirectory, refusal } from './disk_probe.ts';
import { openProbe, type Probe, temporaryDirectory } from './probe.ts';

const open: Probe[] = [];

afterEach(async () => {
  for (const { store } of open.splice(0)) await store.close().catch(() => {});
});

interface Watched extends Probe {
  readonly warnings: string[];
}

async function openIn(dataDir: string): Promise<Watched> {
  const warnings: string[] = [];
  const log = (message: string) => warnings.push(message);
  const watched = { ...(await openProbe({ dataDir, log })), warnings };
  open.push(watched);
  return watched;
}

async function keysIn(dataDir: string): Promise<string[]> {
  const { store } = await openProbe({ dataDir });
  const keys = store.keys().sort();
  await store.close();
  return keys;
}

/** A directory whose database has one key of this name. */
function directoryWith(key: string): Promise<string> {
  return filledDirectory(temporaryDirectory(), (call) => call('SET', key, 1));
}

function batchOf(...keys: readonly string[]): Operand[] {
  const puts = keys.flatMap((key, at): Operand[] => [rowOp.putKey, at + 1, key, 1, 0, 0, 'v']);
  return [...puts, rowOp.putCounts, keys.length, 0];
}

const newPathIn = (dataDir: string): string => `${databasePath(dataDir)}.new`;

function asidesIn(dataDir: string): string[] {
  return readdirSync(dataDir).filter((name) => /\.aside-\w+$/.test(name));
}

describe('after a crash', () => {
  test('a new database that was complete is taken, and cannot come back when all is begun anew', async () => {
    const dataDir = await directoryWith('old');
    writeNew(databasePath(dataDir), batchOf('newer', 'newest'));
    expect(await keysIn(dataDir)).toEqual(['newer', 'newest']);
    expect(asidesIn(dataDir).length).toBe(1);
    rmSync(databasePath(dataDir));
    expect(await keysIn(dataDir)).toEqual([]);
  });

  test('it is taken also when the old database has lost its log', async () => {
    const dataDir = await directoryWith('old');
    const running = await openIn(dataDir);
    running.call('SET', 'acknowledged', 1);
    await running.store.settled();
    const copy = temporaryDirectory();
    copyFileSync(databasePath(dataDir), databasePath(copy));
    writeNew(databasePath(copy), batchOf('acknowledged', 'old'));
    expect(await keysIn(copy)).toEqual(['acknowledged', 'old']);
  });

  test('it is taken with the old files set aside by half', async () => {
    const dataDir = await directoryWith('old');
    const path = databasePath(dataDir);
    writeNew(path, batchOf('new'));
    renameSync(path, `${path}.aside-20260101T000000000Z`);
    writeFileSync(`${path}-wal`, 'theirs');
    expect(await keysIn(dataDir)).toEqual(['new']);
  });

  const incomplete: Readonly<Record<string, (path: string) => void>> = {
    'is empty': (path) => writeFileSync(path, ''),
    'has its journal still': (path) => {
      writeNew(path.replace(/\.new$/, ''), batchOf('half'));
      writeFileSync(`${path}-journal`, 'half');
    },
    'is a journal only': (path) => writeFileSync(`${path}-journal`, 'half'),
    'has no version': (path) => {
      const db = new Database(path);
      db.run('CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID');
      db.close();
    },
    'does not say how much is in it': (path) => {
      writeNew(path.replace(/\.new$/, ''), batchOf('half'));
      const db = new Database(path);
      db.run('DELETE FROM meta');
      db.close();
    },
  };

  for (const [name, make] of Object.entries(incomplete)) {
    test(`a new database that ${name} is none, and is deleted`, async () => {
      const dataDir = await directoryWith('old');
      make(newPathIn(dataDir));
      expect(await keysIn(dataDir)).toEqual(['old']);
      expect(readdirSync(dataDir).sort()).toEqual(['store.db', 'store.lock']);
    });
  }

  test('a new database that was complete and is damaged is refused: it may be all there is', async () => {
    const dataDir = await directoryWith('old');
    writeNew(databasePath(dataDir), batchOf('new'));
    const bytes = readFileSync(newPathIn(dataDir));
    // The root of the tables' names.
    bytes.fill(0xff, 100, 200);
    writeFileSync(newPathIn(dataDir), bytes);
    const said = await refusal(dataDir);
    expect(said).toContain(`${newPathIn(dataDir)} is damaged`);
    expect(await refusal(dataDir)).toBe(said);
  });
});

test('what a running server writes anew is not touched by whoever tries to start beside it', async () => {
  const dataDir = temporaryDirectory();
  await openIn(dataDir);
  writeFileSync(newPathIn(dataDir), 'half of it');
  expect(await refusal(dataDir)).toContain('another inngest process');
  expect(existsSync(newPathIn(dataDir))).toBe(true);
});

/** Other numbers, the same content: as a file system does it that does not keep them. */
function giveAnotherNumber(path: string): void {
  copyFileSync(path, `${path}.copy`);
  renameSync(`${path}.copy`, path);
}

test('a file system that does not keep inode numbers costs three copies at most, and is named', async () => {
  const dataDir = temporaryDirectory();
  const { store, call, warnings } = await openIn(dataDir);
  for (let round = 0; round < 8; round += 1) {
    call('SET', `k${round}`, 1);
    await store.settled();
    giveAnotherNumber(databasePath(dataDir));
  }
  call('SET', 'last', 1);
  await store.settled();
  expect(asidesIn(dataDir).length).toBe(3);
  const losses = warnings.filter((text) => text.includes('was deleted or replaced'));
  expect(losses.length).toBe(8);
  expect(losses[0]).not.toContain('inode numbers');
  for (const text of losses.slice(1)) {
    expect(text).toContain('the file system does not keep inode numbers; put the data directory');
  }
  await store.close();
  expect((await keysIn(dataDir)).length).toBe(9);
});

test('of what was set aside the newest is kept, with its log, and a folder is left alone', async () => {
  const dataDir = await directoryWith('old');
  const path = databasePath(dataDir);
  for (const second of [10, 11, 12, 13]) {
    for (const suffix of ['', '-wal', '-shm']) {
      writeFileSync(`${path}.aside-202601010000${second}000Z${suffix}`, 'theirs');
    }
  }
  writeFileSync(`${path}.other`, 'theirs');
  writeNew(path, batchOf('new'));
  expect(await keysIn(dataDir)).toEqual(['new']);
  const names = readdirSync(dataDir).filter((name) => name.includes('aside-2026010100'));
  expect(names.map((name) => name.slice('store.db.aside-'.length)).sort()).toEqual(
    [12, 13].flatMap((second) =>
      ['', '-shm', '-wal'].map((suffix) => `202601010000${second}000Z${suffix}`),
    ),
  );
  expect(asidesIn(dataDir).length).toBe(3);
  expect(existsSync(`${path}.other`)).toBe(true);
});

describe('a lock that was deleted', () => {
  test('costs no copy as long as the database is ours, and loses nothing', async () => {
    const dataDir = temporaryDirectory();
    const { store, call, warnings } = await openIn(dataDir);
    for (let round = 0; round < 6; round += 1) {
      call('SET', `k${round}`, 1);
      call('HSET', 'large', ...Array.from({ length: 60 }, (_, at) => `${round}-${at}`));
      await store.settled();
      rmSync(join(dataDir, 'store.lock'));
    }
    call('DEL', 'k0');
    await store.settled();
    expect(asidesIn(dataDir)).toEqual([]);
    expect(warnings.join()).toContain('store.lock was deleted or replaced');
    await expect(openProbe({ dataDir })).rejects.toThrow('another inngest process');
    rmSync(join(dataDir, 'store.lock'));
    await store.close();
    expect(asidesIn(dataDir)).toEqual([]);
    const after = await openIn(dataDir);
    expect(after.store.keys().length).toBe(6);
    expect(after.call('HLEN', 'large')).toBe(180);
  });

  test('sets the database aside when somebody else has written to it meanwhile', async () => {
    const dataDir = temporaryDirectory();
    const { store, call } = await openIn(dataDir);
    call('SET', 'ours', 1);
    await store.settled();
    rmSync(join(dataDir, 'store.lock'));
    alter(dataDir, "INSERT INTO meta VALUES ('theirs', 1)");
    call('SET', 'more', 1);
    await store.settled();
    expect(asidesIn(dataDir).length).toBe(1);
    await store.close();
    expect(await keysIn(dataDir)).toEqual(['more', 'ours']);
  });

  test('and a database that then does not take everything: a new one does', async () => {
    const dataDir = await directoryWith('old');
    const path = databasePath(dataDir);
    const directory = new HeldDirectory(dataDir);
    const { lockPath, lock } = directory.lock;
    const file = new StoreFile({ path, database: birthOf(path), lockPath, lock });
    file.commit(batchOf('ours'));
    rmSync(lockPath);
    expect(() => file.commit(batchOf('ours'))).toThrow('was deleted or replaced');
    directory.retake();
    const held = directory.lock.lock;
    expect(() => file.renew([...batchOf('new'), -1], held)).toThrow('unknown operation');
    expect(asidesIn(dataDir)).toEqual([]);
    file.renew(batchOf('new'), held);
    expect(asidesIn(dataDir).length).toBe(1);
    file.close();
    directory.release();
    expect(await keysIn(dataDir)).toEqual(['new']);
  });

  test('and goes again while everything is written leaves no new database for the next owner', async () => {
    const dataDir = await directoryWith('old');
    const path = databasePath(dataDir);
    const directory = new HeldDirectory(dataDir);
    const { lockPath, lock } = directory.lock;
    const file = new StoreFile({ path, database: birthOf(path), lockPath, lock });
    const ops = batchOf('new');
    Object.defineProperty(ops, 0, {
      get() {
        rmSync(lockPath, { force: true });
        return rowOp.putKey;
      },
    });
    expect(() => file.renew(ops, identityOf(lockPath))).toThrow('was deleted or replaced');
    directory.release();
    expect(await keysIn(dataDir)).toEqual(['old']);
  });
});

describe('at the end', () => {
  test('a directory in the place of which there is a file counts as deleted', async () => {
    const dataDir = await directoryWith('a');
    const path = databasePath(dataDir);
    const directory = new HeldDirectory(dataDir);
    const { lockPath, lock } = directory.lock;
    const file = new StoreFile({ path, database: birthOf(path), lockPath, lock });
    rmSync(dataDir, { recursive: true });
    writeFileSync(dataDir, 'a file');
    expect(() => file.close()).toThrow('was deleted or replaced');
    directory.release();
  });

  for (const moment of ['nothing was written since the start', 'everything was written anew']) {
    test(`a deleted directory is noticed when ${moment}`, async () => {
      const dataDir = await directoryWith('a');
      const { store, call, warnings } = await openIn(dataDir);
      if (moment.startsWith('everything')) {
        call('SET', 'b', 1);
        await store.settled();
        rmSync(databasePath(dataDir));
        call('SET', 'b', 2);
        await store.settled();
      }
      const keys = store.keys().sort();
      warnings.length = 0;
      rmSync(dataDir, { recursive: true });
      await store.close();
      expect(warnings.join()).toContain('was deleted or replaced');
      expect(await keysIn(dataDir)).toEqual(keys);
    });
  }
});

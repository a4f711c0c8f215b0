/** What customers sent is for the server's user only. */
import { expect, test } from 'bun:test';
import { chmodSync, existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { databasePath } from '../../../src/store/embedded/database.ts';
import { writeNew } from '../../../src/store/embedded/renewal.ts';
import { openProbe, temporaryDirectory } from './probe.ts';

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

function modesIn(dataDir: string): Record<string, string> {
  // SQLite's side file of the lock is there or not, and always empty.
  const names = readdirSync(dataDir).filter((name) => name !== 'store.lock-journal');
  return Object.fromEntries(names.map((name) => [name, modeOf(join(dataDir, name))]));
}

const allPrivate = {
  'store.db': '600',
  'store.db-shm': '600',
  'store.db-wal': '600',
  'store.lock': '600',
};

test('the engine makes its directory and files for its user only, the directory readable for its group', async () => {
  const dataDir = join(temporaryDirectory(), 'deep', 'data');
  const { store, call } = await openProbe({ dataDir });
  call('SET', 'a', 1);
  await store.settled();
  expect(modeOf(dataDir)).toBe('750');
  expect(modeOf(join(dataDir, '..'))).toBe('750');
  expect(modesIn(dataDir)).toEqual(allPrivate);
  await store.close();
});

for (const mode of [0o700, 0o750]) {
  test(`a directory with ${mode.toString(8)} that was deleted comes back no wider, with private files`, async () => {
    const dataDir = join(temporaryDirectory(), 'data');
    await (await openProbe({ dataDir })).store.close();
    chmodSync(dataDir, mode);
    const { store, call } = await openProbe({ dataDir });
    rmSync(dataDir, { recursive: true });
    for (const key of ['a', 'b']) {
      call('SET', key, 1);
      await store.settled();
    }
    expect(modeOf(dataDir)).toBe(mode.toString(8));
    expect(modesIn(dataDir)).toEqual(allPrivate);
    await store.close();
  });
}

test('a new database is private before anything is in its place', () => {
  const dataDir = temporaryDirectory();
  writeNew(databasePath(dataDir), []);
  expect(modesIn(dataDir)).toEqual({ 'store.db.new': '600' });
  expect(existsSync(databasePath(dataDir))).toBe(false);
});

test('a file that its owner has opened to a group stays so', async () => {
  const dataDir = temporaryDirectory();
  await (await openProbe({ dataDir })).store.close();
  chmodSync(databasePath(dataDir), 0o640);
  const { store, call } = await openProbe({ dataDir });
  call('SET', 'a', 1);
  await store.settled();
  expect(modeOf(databasePath(dataDir))).toBe('640');
  await store.close();
});

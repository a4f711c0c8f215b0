/** Backups of data directories in use, and what they are worth when something is damaged. */
import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { openHistory } from '../../../src/history/open_history.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { lockDirectory } from '../../../src/store/embedded/directory_lock.ts';
import { backUp } from '../../../src/store/image/backup.ts';
import { restoreBackup } from '../../../src/store/image/restore_backup.ts';
import { refuseUnfinished } from '../../../src/store/image/staging.ts';
import { makeSample, openSample, type Sample, sampleKeys } from './sample.ts';

let sample: Sample;
let file: string;
let target: string;

beforeEach(async () => {
  sample = await makeSample();
  const history = await openHistory({ kind: 'sqlite', path: join(sample.dataDir, 'history.db') });
  await history.close();
  file = join(sample.folder, 'one.backup');
  target = join(sample.folder, 'restored');
});
afterEach(() => sample.dispose());

interface Wishes {
  readonly isForced?: boolean;
  readonly isHistoryOnly?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: () => void;
}

const work = ({ isForced = false, signal, onProgress = () => {} }: Wishes) => ({
  isForced,
  onProgress,
  signal: signal ?? new AbortController().signal,
  clock: systemClock,
});

function back(wishes: Wishes = {}) {
  const { isHistoryOnly = false } = wishes;
  const places = { dataDir: sample.dataDir, file };
  return backUp({ ...places, isHistoryOnly, version: '1.2.3', ...work(wishes) });
}

function restore(wishes: Wishes = {}) {
  return restoreBackup({ dataDir: target, file, ...work(wishes) });
}

async function keysIn(dataDir: string): Promise<string[]> {
  const store = await openSample(dataDir);
  const keys = store.keys().filter((key) => !key.includes(':x:'));
  await store.close();
  return keys.sort();
}

/** Names beside the data directory. */
function leftovers(): string[] {
  return readdirSync(sample.folder).filter((name) => name !== 'data');
}

function changeRow(path: string): void {
  const db = new Database(path);
  db.run("UPDATE keys SET v = '999' WHERE k LIKE '%:pause-sequence'");
  db.close();
}

describe('a backup', () => {
  test('is restored as the same keys and history, for the eyes of its owner only', async () => {
    const made = await back();
    expect(made).toMatchObject({ keys: sampleKeys, version: '1.2.3' });
    expect(made.images.map(({ name }) => name)).toEqual(['store.db', 'history.db']);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(leftovers()).toEqual(['one.backup']);
    const restored = await restore();
    expect(restored.images).toEqual(expect.arrayContaining([...made.images]));
    expect(readdirSync(target).sort()).toEqual(['history.db', 'store.db', 'store.lock']);
    expect(await keysIn(target)).toEqual(await keysIn(sample.dataDir));
    await (await openHistory({ kind: 'sqlite', path: join(target, 'history.db') })).close();
  });

  test('is of one instant while the store goes on writing', async () => {
    const store = await openSample(sample.dataDir);
    let isDone = false;
    const made = back().finally(() => {
      isDone = true;
    });
    for (let at = 0; !isDone; at += 1) {
      await store.run('test_command', ['SET', `a:${at}`, '1']);
      await store.run('test_command', ['SET', `b:${at}`, '1']);
      await store.settled();
    }
    await made;
    await store.close();
    await restore();
    const keys = await keysIn(target);
    const named = (letter: string) => keys.filter((key) => key.startsWith(`{inngest}:${letter}:`));
    expect(keys.length).toBeGreaterThanOrEqual(sampleKeys);
    expect(named('a').length - named('b').length).toBeWithin(0, 2);
  });

  test('of a store that was killed has what was in its log', async () => {
    const store = await openSample(sample.dataDir);
    await store.run('test_command', ['SET', 'late', '1']);
    await store.settled();
    const killed = join(sample.folder, 'killed');
    mkdirSync(killed);
    for (const name of ['store.db', 'store.db-wal']) {
      writeFileSync(join(killed, name), readFileSync(join(sample.dataDir, name)));
    }
    await store.close();
    await backUp({ dataDir: killed, file, version: '1', ...work({}) });
    await restore();
    expect(await keysIn(target)).toContain('{inngest}:late');
  });

  test('replaces a file only when forced', async () => {
    writeFileSync(file, 'precious');
    await expect(back()).rejects.toThrow('exists already');
    expect(readFileSync(file, 'utf8')).toBe('precious');
    await back({ isForced: true });
    expect((await restore()).keys).toBe(sampleKeys);
  });

  test('of a directory without history is made, and of one without a store is not', async () => {
    rmSync(join(sample.dataDir, 'history.db'));
    expect((await back()).images.map(({ name }) => name)).toEqual(['store.db']);
    rmSync(join(sample.dataDir, 'store.db'));
    await expect(back({ isForced: true })).rejects.toThrow('holds no database: name');
    writeFileSync(join(sample.dataDir, 'store.db-wal'), 'something');
    await expect(back({ isForced: true })).rejects.toThrow('put store.db back');
  });

  test('of the history alone is made where it is asked for, and restored', async () => {
    for (const name of ['store.db', 'store.lock']) rmSync(join(sample.dataDir, name));
    await expect(back()).rejects.toThrow('--history-only');
    const made = await back({ isHistoryOnly: true });
    expect(made.images.map(({ name }) => name)).toEqual(['history.db']);
    expect(made.keys).toBe(0);
    await restore();
    expect(readdirSync(target).sort()).toEqual(['history.db', 'store.lock']);
    await (await openHistory({ kind: 'sqlite', path: join(target, 'history.db') })).close();
    rmSync(join(sample.dataDir, 'history.db'));
    await expect(back({ isForced: true, isHistoryOnly: true })).rejects.toThrow(
      'holds no history.db',
    );
  });

  test('of a store that was being put in place anew when its server was killed is of the new one', async () => {
    const path = join(sample.dataDir, 'store.db');
    renameSync(path, `${path}.new`);
    writeFileSync(`${path}.new-journal`, 'half of it');
    await expect(back()).rejects.toThrow('is being written anew');
    rmSync(`${path}.new-journal`);
    expect((await back()).keys).toBe(sampleKeys);
    writeFileSync(path, 'what a server would put aside');
    expect((await back({ isForced: true })).keys).toBe(sampleKeys);
    await restore();
    expect(await keysIn(target)).toHaveLength(sampleKeys);
    expect(readdirSync(sample.dataDir)).toContain('store.db.new');
  });

  test.each(['.incoming', '.installing'])('of a directory with %s is not made', async (name) => {
    mkdirSync(join(sample.dataDir, name));
    await expect(back()).rejects.toThrow('interrupted');
    expect(readdirSync(sample.dataDir)).toContain(name);
    expect(leftovers()).toEqual([]);
  });

  test('never takes the place of what a server works with, forced or not', async () => {
    for (const name of ['store.db', 'history.db', 'store.db-wal', 'store.lock', 'Store.db']) {
      file = join(sample.dataDir, name);
      await expect(back({ isForced: true })).rejects.toThrow('choose another name');
    }
    const link = join(sample.folder, 'link');
    symlinkSync(sample.dataDir, link);
    file = join(link, 'store.db');
    await expect(back({ isForced: true })).rejects.toThrow('choose another name');
    file = join(sample.dataDir, 'monday.backup');
    expect((await back()).keys).toBe(sampleKeys);
  });

  test('of the same name as another at the same time is one of the two, whole', async () => {
    const both = await Promise.allSettled([back(), back()]);
    const made = both.filter(({ status }) => status === 'fulfilled');
    expect(made).toHaveLength(1);
    expect(both.map((one) => (one.status === 'rejected' ? String(one.reason) : ''))).toContainEqual(
      expect.stringContaining('exists already'),
    );
    expect(leftovers()).toEqual(['one.backup']);
    await Promise.all([back({ isForced: true }), back({ isForced: true })]);
    expect(leftovers()).toEqual(['one.backup']);
    expect((await restore()).keys).toBe(sampleKeys);
  });

  test('needs a folder to be in', async () => {
    file = join(sample.folder, 'missing', 'one.backup');
    await expect(back()).rejects.toThrow('there is no folder');
  });

  test('of a damaged store is not made, and nothing is left', async () => {
    changeRow(join(sample.dataDir, 'store.db'));
    const path = join(sample.dataDir, 'store.db');
    await expect(back()).rejects.toThrow(`${path} is damaged: 1 damaged record`);
    expect(leftovers()).toEqual([]);
  });

  test('of a damaged history is not made', async () => {
    const path = join(sample.dataDir, 'history.db');
    // The table of events; an index would simply be made anew.
    const db = new Database(path);
    const [page] = db.query("SELECT rootpage FROM sqlite_schema WHERE name = 'events'").values();
    db.close(true);
    const end = Number(page?.[0]) * 4_096;
    const bytes = readFileSync(path);
    bytes.fill(0xaa, end - 4_096, end);
    writeFileSync(path, bytes);
    await expect(back()).rejects.toThrow('history.db');
    expect(leftovers()).toEqual([]);
  });

  test('that is interrupted leaves nothing', async () => {
    const stop = new AbortController();
    const onProgress = () => stop.abort(new Error('interrupted'));
    await expect(back({ signal: stop.signal, onProgress })).rejects.toThrow('interrupted');
    expect(leftovers()).toEqual([]);
  });
});

describe('restoring', () => {
  beforeEach(async () => {
    await back();
  });

  test('into a directory with a database is refused, until forced, and then that is moved aside', async () => {
    await restore();
    const store = await openSample(target);
    await store.run('test_command', ['SET', 'mine', '1']);
    await store.close();
    await expect(restore()).rejects.toThrow('already holds history.db and store.db');
    const { replaced } = await restore({ isForced: true });
    expect(await keysIn(replaced ?? '')).toContain('{inngest}:mine');
    expect(await keysIn(target)).not.toContain('{inngest}:mine');
  });

  test('into a directory that a server uses is refused, forced or not', async () => {
    const lock = lockDirectory(target);
    for (const isForced of [false, true]) {
      await expect(restore({ isForced })).rejects.toThrow('another inngest process');
    }
    lock.release();
    expect(readdirSync(target)).toEqual(['store.lock']);
  });

  test('a file in which a letter changed is refused before anything is put in place', async () => {
    const bytes = readFileSync(file);
    bytes.write('fast', bytes.indexOf('fact 1234'));
    writeFileSync(file, bytes);
    await expect(restore()).rejects.toThrow('store.db in it is not what was backed up');
    expect(readdirSync(target)).toEqual(['store.lock']);
  });

  test('a file that was cut short is refused', async () => {
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.subarray(0, bytes.length >> 1));
    await expect(restore()).rejects.toThrow(file);
    expect(existsSync(join(target, 'store.db'))).toBe(false);
  });

  test('a backup whose store does not pass the checks of the engine is refused', async () => {
    const db = new Database(file);
    db.run("DELETE FROM chunks WHERE image = 'store.db' AND number = 1");
    db.close();
    await expect(restore()).rejects.toThrow('store.db in it is not what was backed up');
  });

  test.each([
    ['no file', () => rmSync(file), 'there is no file'],
    ['a text', () => writeFileSync(file, 'x'.repeat(5_000)), 'cannot be read as a backup'],
    [
      'another database',
      () => writeFileSync(file, readFileSync(join(sample.dataDir, 'store.db'))),
      "was not made by 'inngest backup'",
    ],
  ])('%s is refused', async (_, spoil, words) => {
    spoil();
    await expect(restore()).rejects.toThrow(words);
    expect(existsSync(target)).toBe(false);
  });

  test('a backup of a newer program is refused', async () => {
    const db = new Database(file);
    db.run('PRAGMA user_version = 2');
    db.close();
    await expect(restore()).rejects.toThrow('use a newer version');
  });

  test('that is interrupted leaves the directory empty', async () => {
    const stop = new AbortController();
    const onProgress = () => stop.abort(new Error('interrupted'));
    await expect(restore({ signal: stop.signal, onProgress })).rejects.toThrow('interrupted');
    expect(readdirSync(target)).toEqual(['store.lock']);
  });
});

test('a directory in which databases were being put is refused by servers until that is done again', async () => {
  await back();
  mkdirSync(join(target, '.incoming'), { recursive: true });
  writeFileSync(join(target, '.incoming', 'store.db'), 'half of it');
  expect(() => refuseUnfinished(target)).toThrow('run it again with --force');
  await restore();
  refuseUnfinished(target);
  expect(await keysIn(target)).toHaveLength(sampleKeys);
});

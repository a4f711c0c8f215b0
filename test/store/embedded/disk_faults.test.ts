/** What the engine does when the real disk is full, cannot be written to, or is changed under a running server. */
import { Database } from 'bun:sqlite';
import { afterEach, describe, expect, test } from 'bun:test';
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { databasePath } from '../../../src/store/embedded/database.ts';
import { StoreUnavailableError } from '../../../src/store/store.ts';
import { eventually } from '../../eventually.ts';
import { openProbe, type Probe, temporaryDirectory } from './probe.ts';
import { VirtualClock } from './virtual_clock.ts';

const isRoot = process.getuid?.() === 0;

interface Watched extends Probe {
  readonly dataDir: string;
  readonly warnings: string[];
}

const open: Watched[] = [];
const mounts: string[] = [];

afterEach(async () => {
  for (const { store } of open.splice(0)) await store.close().catch(() => {});
  for (const path of mounts.splice(0)) spawnSync('umount', ['--lazy', path]);
});

async function openIn(dataDir: string, options = {}): Promise<Watched> {
  const warnings: string[] = [];
  const log = (message: string) => warnings.push(message);
  const watched = { ...(await openProbe({ dataDir, log, ...options })), dataDir, warnings };
  open.push(watched);
  return watched;
}

async function close(watched: Watched): Promise<void> {
  open.splice(open.indexOf(watched), 1);
  await watched.store.close();
}

/** What a restart finds. */
async function keysAfterRestart(watched: Watched): Promise<string[]> {
  await close(watched);
  return (await openIn(watched.dataDir)).store.keys().sort();
}

/** A small file system, or null where there may be none. */
function mountSmall(kibibytes: number): string | null {
  if (!isRoot) return null;
  const path = temporaryDirectory();
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${kibibytes}k`, 'tmpfs', path]);
  if (mounted.status !== 0) return null;
  mounts.push(path);
  return path;
}

const canMount = mountSmall(64) !== null;
for (const path of mounts.splice(0)) spawnSync('umount', ['--lazy', path]);

describe.skipIf(!canMount)(`a full disk${canMount ? '' : ' (skipped: may not mount one)'}`, () => {
  test('is said in words, loses nothing, and work goes on when there is room', async () => {
    const dataDir = mountSmall(2_048) ?? '';
    const { store, call, warnings } = await openIn(dataDir);
    call('SET', 'before', 1);
    await store.settled();
    const ballast = join(dataDir, 'ballast');
    writeFileSync(ballast, Buffer.alloc(1_400 * 1024));
    for (let at = 0; at < 800; at += 1) call('SET', `k${at}`, 'x'.repeat(1_000));
    const settled = store.settled();
    const trouble = await eventually(() => store.trouble());
    expect(trouble).toContain(`the disk of the data directory ${dataDir} is full`);
    expect(trouble).toContain('make room');
    expect(warnings[0]).toContain('full');
    rmSync(ballast);
    await settled;
    expect(store.trouble()).toBeNull();
    const watched = open[0];
    expect(watched && (await keysAfterRestart(watched)).length).toBe(801);
  }, 30_000);

  test('lets those go who have waited for too long, and keeps what they wrote', async () => {
    const dataDir = mountSmall(1_024) ?? '';
    const diskClock = new VirtualClock();
    const watched = await openIn(dataDir, { diskClock });
    const { store, call } = watched;
    call('SET', 'before', 1);
    await store.settled();
    const ballast = join(dataDir, 'ballast');
    writeFileSync(ballast, Buffer.alloc(800 * 1024));
    call('SET', 'large', 'x'.repeat(900_000));
    const waiting = store.settled().catch((error: unknown) => error);
    await eventually(() => store.trouble());
    diskClock.advance(11_000);
    const refused = await waiting;
    expect(refused).toBeInstanceOf(StoreUnavailableError);
    expect(String(refused)).toContain('is full');
    expect(call('STRLEN', 'large')).toBe(900_000);
    rmSync(ballast);
    spawnSync('mount', ['-o', 'remount,size=8192k', dataDir]);
    await eventually(() => {
      diskClock.advance(1_000);
      return store.trouble() === null;
    });
    await store.settled();
    expect(await keysAfterRestart(watched)).toEqual(['before', 'large']);
  }, 30_000);
});

describe.skipIf(!isRoot)(
  `a directory that may not be written to${isRoot ? '' : ' (skipped: needs root to become another user)'}`,
  () => {
    test('is refused at the start, by name', async () => {
      const parent = temporaryDirectory();
      chmodSync(parent, 0o755);
      const dataDir = join(parent, 'data');
      mkdirSync(dataDir, { mode: 0o755 });
      for (const directory of [dataDir, join(parent, 'other')]) {
        const said = await errorOfAnotherUser(directory);
        expect(said).toContain(`the data directory ${directory} cannot be written to`);
        expect(said).toContain('make it writable for the user that runs the server (uid 65534)');
      }
    }, 30_000);
  },
);

/** Opens a store as a user without rights and answers the message of its refusal. */
async function errorOfAnotherUser(dataDir: string): Promise<string> {
  const source = new URL('../../../src/store/embedded/directory_lock.ts', import.meta.url);
  const script = `import { lockDirectory } from '${source.pathname}';
    try { lockDirectory(process.argv[1]); console.log('locked'); } catch (error) { console.log(error.message); }`;
  const child = spawn(process.execPath, ['-e', script, dataDir], { uid: 65_534, gid: 65_534 });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    text += String(chunk);
  });
  await new Promise((resolve) => child.once('close', resolve));
  return text;
}

/** What somebody may do to the files of a running server. */
const interventions: Readonly<Record<string, (dataDir: string) => void>> = {
  'the directory is deleted': (dataDir) => rmSync(dataDir, { recursive: true }),
  'the directory is moved away': (dataDir) => renameSync(dataDir, `${dataDir}-moved`),
  'the directory is emptied': (dataDir) => {
    for (const name of readdirSync(dataDir)) rmSync(join(dataDir, name));
  },
  'the database is deleted': (dataDir) => rmSync(databasePath(dataDir)),
  'the log is deleted': (dataDir) => rmSync(`${databasePath(dataDir)}-wal`, { force: true }),
  'the lock is deleted': (dataDir) => rmSync(join(dataDir, 'store.lock')),
  'the database is replaced by another': (dataDir) => {
    rmSync(databasePath(dataDir));
    const db = new Database(databasePath(dataDir));
    db.run('PRAGMA journal_mode = WAL');
    db.run('CREATE TABLE theirs (a)');
    db.close();
  },
};

for (const [name, intervene] of Object.entries(interventions)) {
  for (const moment of ['before the first commit', 'between commits'] as const) {
    test(`${name} ${moment}: noticed, and everything is written anew`, async () => {
      const first = await openIn(temporaryDirectory());
      for (let at = 0; at < 50; at += 1) {
        first.call('SET', `old${at}`, 1);
        first.call('HSET', 'large', `f${at}`, at);
        first.call('RPUSH', 'list', at);
      }
      await close(first);
      const watched = await openIn(first.dataDir);
      const { store, call, warnings, dataDir } = watched;
      if (moment === 'between commits') {
        call('LPOP', 'list');
        call('SET', 'new', 1);
        await store.settled();
      }
      intervene(dataDir);
      call('SET', 'newest', 1);
      call('RPUSH', 'list', 'last');
      await store.settled();
      expect(store.trouble()).toBeNull();
      const isNoticed = moment === 'between commits' || name !== 'the log is deleted';
      expect(warnings.join().includes('was deleted or replaced')).toBe(isNoticed);
      // It goes on in the new file.
      call('SET', 'later', 1);
      call('HDEL', 'large', 'f0');
      await store.settled();
      const list = call('LRANGE', 'list', 0, -1);
      const keys = store.keys().sort();
      expect(await keysAfterRestart(watched)).toEqual(keys);
      const after = open.at(-1);
      expect(after?.call('LRANGE', 'list', 0, -1)).toEqual(list);
      expect(after?.call('HLEN', 'large')).toBe(49);
    }, 30_000);
  }
}

test('what was found in the place of the database is set aside', async () => {
  const { store, call, dataDir } = await openIn(temporaryDirectory());
  call('SET', 'a', 1);
  await store.settled();
  rmSync(databasePath(dataDir));
  writeFileSync(databasePath(dataDir), 'theirs');
  call('SET', 'b', 1);
  await store.settled();
  const aside = readdirSync(dataDir).find((name) => /^store\.db\.aside-\w+$/.test(name));
  expect(await Bun.file(join(dataDir, aside ?? '')).text()).toBe('theirs');
});

test('a database deleted just before the end is written anew by it', async () => {
  const watched = await openIn(temporaryDirectory());
  watched.call('SET', 'a', 1);
  await watched.store.settled();
  rmSync(watched.dataDir, { recursive: true });
  expect(await keysAfterRestart(watched)).toEqual(['a']);
});

test('an end that cannot write everything anew is an error', async () => {
  const parent = temporaryDirectory();
  const { store, call, dataDir } = await openIn(join(parent, 'data'));
  call('SET', 'a', 1);
  await store.settled();
  rmSync(parent, { recursive: true });
  writeFileSync(parent, 'a file where a directory was');
  const outcome = await store.close().then(() => 'closed', String);
  expect(outcome).toContain(`could not be written to ${dataDir} again`);
  rmSync(parent);
});

test('a directory that cannot be made again is said in words and tried until it can', async () => {
  const parent = temporaryDirectory();
  const watched = await openIn(join(parent, 'data'));
  const { store, call, dataDir } = watched;
  call('SET', 'a', 1);
  await store.settled();
  rmSync(parent, { recursive: true });
  writeFileSync(parent, 'a file where a directory was');
  call('SET', 'b', 1);
  const settled = store.settled();
  const trouble = await eventually(() => store.trouble());
  expect(trouble).toContain(`the data directory ${dataDir} was deleted or replaced`);
  rmSync(parent);
  await settled;
  expect(store.trouble()).toBeNull();
  expect(await keysAfterRestart(watched)).toEqual(['a', 'b']);
});

test('a directory that another process has taken meanwhile is not written to', async () => {
  const first = await openIn(temporaryDirectory());
  const { dataDir, store, call } = first;
  call('SET', 'first', 1);
  await store.settled();
  rmSync(dataDir, { recursive: true });
  const second = await openIn(dataDir);
  second.call('SET', 'second', 1);
  await second.store.settled();
  call('SET', 'more', 1);
  const settled = store.settled();
  const trouble = await eventually(() => store.trouble());
  expect(trouble).toContain(`another process has taken over the data directory ${dataDir}`);
  second.call('SET', 'still', 1);
  await second.store.settled();
  expect(second.store.trouble()).toBeNull();
  expect(await keysAfterRestart(second)).toEqual(['second', 'still']);
  const third = open.at(-1);
  if (third) await close(third);
  // With the other gone, this one has the directory again. What the other wrote is set aside.
  await settled;
  expect(await keysAfterRestart(first)).toEqual(['first', 'more']);
  expect(readdirSync(dataDir).some((name) => name.includes('.aside-'))).toBe(true);
}, 30_000);

test('another process can copy the database while the server writes', async () => {
  const { store, call, dataDir, warnings } = await openIn(temporaryDirectory());
  for (let round = 0; round < 20; round += 1) {
    call('SET', `k${round}`, 1);
    await store.settled();
    const copy = join(dataDir, `copy${round}`, 'store.db');
    mkdirSync(join(dataDir, `copy${round}`));
    const script = `import { Database } from 'bun:sqlite';
      const db = new Database(process.argv[1]); db.run('PRAGMA busy_timeout = 2000');
      db.run('VACUUM INTO ?', [process.argv[2]]); db.close();`;
    if (round % 5 !== 0) continue;
    const child = Bun.spawn([process.execPath, '-e', script, databasePath(dataDir), copy], {
      stderr: 'inherit',
    });
    let extra = 0;
    while (child.exitCode === null) {
      call('SET', `extra${round}`, extra);
      extra += 1;
      await store.settled();
    }
    expect(existsSync(copy)).toBe(true);
    const restored = await openIn(join(dataDir, `copy${round}`));
    expect(restored.store.stats().keys).toBeGreaterThan(round);
    await close(restored);
  }
  expect(warnings).toEqual([]);
}, 60_000);

test('a crash between setting the old files aside and putting the new one in place loses nothing', async () => {
  const first = await openIn(temporaryDirectory());
  first.call('SET', 'a', 1);
  await close(first);
  const path = databasePath(first.dataDir);
  renameSync(path, `${path}.new`);
  // Left by the old file; it must not be taken for a part of the new one.
  writeFileSync(`${path}-wal`, 'theirs');
  const after = await openIn(first.dataDir);
  expect(after.store.keys()).toEqual(['a']);
  await close(after);
  // Without the end of its transaction a new file is none.
  renameSync(path, `${path}.new`);
  writeFileSync(`${path}.new-journal`, 'half');
  expect((await openIn(first.dataDir)).store.keys()).toEqual([]);
});

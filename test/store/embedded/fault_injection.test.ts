/**
 * Faults where the engine meets the disk, at random, and then a crash: whatever was settled is there, in order, and no
 * script is there by half.
 */
import { expect, test } from 'bun:test';
import { cpSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { CommitError } from '../../../src/store/embedded/commit_error.ts';
import type { Committer } from '../../../src/store/embedded/committer.ts';
import { databasePath } from '../../../src/store/embedded/database.ts';
import { lockDirectory } from '../../../src/store/embedded/directory_lock.ts';
import { birthOf } from '../../../src/store/embedded/file_identity.ts';
import type { Operand } from '../../../src/store/embedded/row_ops.ts';
import { StoreFile } from '../../../src/store/embedded/store_file.ts';
import { crashScripts } from './crash_child.ts';
import { openProbe, type Probe, temporaryDirectory } from './probe.ts';
import { between, randomFrom, seedOf } from './seeded.ts';
import { VirtualClock } from './virtual_clock.ts';

type Fault = 'none' | 'failed write' | 'failed fsync' | 'full disk' | 'gone' | 'thread ended';

const faults: readonly Fault[] = [
  ...(['none', 'none', 'none', 'none', 'none'] as const),
  ...(['failed write', 'failed fsync', 'full disk', 'thread ended'] as const),
];

/** The real file, with a disk before it that fails as it is told to. */
class FaultyDisk implements Committer {
  file: StoreFile;
  lands = 0;

  constructor(
    private readonly dataDir: string,
    private readonly nextFault: () => Fault,
  ) {
    this.file = this.#open();
  }

  /** Reads what the engine has locked by then. */
  #open(): StoreFile {
    const path = databasePath(this.dataDir);
    const lockPath = join(this.dataDir, 'store.lock');
    const lock = openLockIdentity(lockPath);
    return new StoreFile({ path, database: birthOf(path), lockPath, lock });
  }

  async commit(ops: readonly Operand[]): Promise<void> {
    const fault = this.nextFault();
    if (fault === 'failed write') throw new CommitError('disk I/O error', 'SQLITE_IOERR_WRITE');
    if (fault === 'full disk') throw new CommitError('database or disk is full', 'SQLITE_FULL');
    this.file.commit(ops);
    this.lands += 1;
    // The batch is on disk, but nobody knows.
    if (fault === 'failed fsync') throw new CommitError('disk I/O error', 'SQLITE_IOERR_FSYNC');
    if (fault === 'thread ended') throw new CommitError('the thread ended', 'thread_ended');
  }

  async renew(ops: readonly Operand[]): Promise<void> {
    this.file.renew(ops, openLockIdentity(join(this.dataDir, 'store.lock')));
  }

  async close(): Promise<void> {
    this.file.close();
  }
}

function openLockIdentity(path: string): string | null {
  const found = statSync(path, { throwIfNoEntry: false, bigint: true });
  return found === undefined ? null : `${found.dev}:${found.ino}`;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Lets time pass until it is so. */
async function passUntil(clock: VirtualClock, isSo: () => boolean): Promise<void> {
  for (let passed = 0; !isSo(); passed += 1) {
    if (passed > 10_000) throw new Error('it never came to that');
    await turn();
    clock.advance(100);
  }
}

interface Session extends Probe {
  readonly disk: FaultyDisk;
  readonly diskClock: VirtualClock;
}

async function openOn(dataDir: string, nextFault: () => Fault): Promise<Session> {
  // The file has to be there before the disk is told about it.
  lockDirectory(dataDir).release();
  await (await openProbe({ dataDir })).store.close();
  const diskClock = new VirtualClock();
  const disk = new FaultyDisk(dataDir, nextFault);
  const options = { dataDir, diskClock, committer: disk, extraScripts: crashScripts };
  return { ...(await openProbe(options)), disk, diskClock };
}

/** What the disk has at this moment, as a start finds it when the process dies now; its log torn by some bytes. */
async function scriptsAfterCrash(dataDir: string, tornBytes: number): Promise<number> {
  const copy = temporaryDirectory();
  cpSync(dataDir, copy, { recursive: true });
  rmSync(`${databasePath(copy)}-shm`, { force: true });
  const log = `${databasePath(copy)}-wal`;
  const bytes = statSync(log, { throwIfNoEntry: false })?.size ?? 0;
  if (tornBytes > 0 && bytes > 0) truncateSync(log, Math.max(0, bytes - tornBytes));
  const { store } = await openProbe({ dataDir: copy, extraScripts: crashScripts });
  const reply = store.runSync('check', []);
  const count = Array.isArray(reply) ? Number(reply[0]) : 0;
  expect(reply).toEqual([count, count, count, count, `step${count}`]);
  await store.close();
  rmSync(copy, { recursive: true });
  return count;
}

const rounds = 25;

test('after random scripts, faults and a crash, everything settled is there and nothing by half', async () => {
  const seed = seedOf('random faults');
  const random = randomFrom(seed);
  for (let round = 0; round < rounds; round += 1) {
    const dataDir = temporaryDirectory();
    let isFaulty = true;
    const session = await openOn(dataDir, () =>
      isFaulty ? (faults[between(random, 0, faults.length)] ?? 'none') : 'none',
    );
    const { store, diskClock } = session;
    let settled = 0;
    let ran = 0;
    const steps = between(random, 5, 40);
    for (let step = 0; step < steps; step += 1) {
      for (let burst = between(random, 1, 20); burst > 0; burst -= 1) {
        ran = Number(store.runSync('step', ['x'.repeat(between(random, 0, 400))]));
      }
      const upTo = ran;
      let isOver = false;
      const waiting = store.settled().then(
        () => {
          settled = Math.max(settled, upTo);
          isOver = true;
        },
        () => {
          isOver = true;
        },
      );
      // Some crashes come while a batch is on its way.
      if (step < steps - 1 || random() < 0.5) await passUntil(diskClock, () => isOver);
      await Promise.race([waiting, turn()]);
    }
    const found = await scriptsAfterCrash(dataDir, 0);
    if (found < settled || found > ran) {
      throw new Error(
        `SEED=${seed} round ${round}: ${found} found, ${settled} settled, ${ran} ran`,
      );
    }
    // The server that did not crash goes on to the end.
    isFaulty = false;
    await passUntil(diskClock, () => store.trouble() === null);
    let isClosed = false;
    const closed = store.close().then(() => {
      isClosed = true;
    });
    await passUntil(diskClock, () => isClosed);
    await closed;
    expect(await scriptsAfterCrash(dataDir, 0)).toBe(ran);
    rmSync(dataDir, { recursive: true });
  }
}, 180_000);

test('a batch that was reported as failed although it landed may be torn or whole at a crash', async () => {
  const seed = seedOf('torn records');
  const random = randomFrom(seed);
  for (let round = 0; round < 12; round += 1) {
    const dataDir = temporaryDirectory();
    let fault: Fault = 'none';
    const { store, diskClock, disk } = await openOn(dataDir, () => fault);
    for (let batch = 0; batch < 5; batch += 1) {
      store.runSync('step', ['x']);
      await store.settled();
    }
    fault = 'failed fsync';
    const { lands } = disk;
    for (let at = 0; at < 30; at += 1) store.runSync('step', ['x'.repeat(300)]);
    const waiting = store.settled().catch((error: unknown) => error);
    await passUntil(diskClock, () => disk.lands > lands);
    const found = await scriptsAfterCrash(dataDir, between(random, 0, 8_000));
    expect([5, 35]).toContain(found);
    fault = 'none';
    let isClosed = false;
    const closed = store.close().then(() => {
      isClosed = true;
    });
    await passUntil(diskClock, () => isClosed);
    await closed;
    await waiting;
    expect(await scriptsAfterCrash(dataDir, 0)).toBe(35);
  }
}, 120_000);

test('the same batch applied twice changes nothing', async () => {
  const dataDir = temporaryDirectory();
  let fault: Fault = 'failed fsync';
  const { store, diskClock, disk } = await openOn(dataDir, () => fault);
  for (let at = 0; at < 300; at += 1) store.runSync('step', ['x']);
  const waiting = store.settled();
  await passUntil(diskClock, () => disk.lands >= 3);
  expect(await scriptsAfterCrash(dataDir, 0)).toBe(300);
  fault = 'none';
  await passUntil(diskClock, () => store.trouble() === null);
  await waiting;
  expect(await scriptsAfterCrash(dataDir, 0)).toBe(300);
  await store.close();
});

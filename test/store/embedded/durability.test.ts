import { Database } from 'bun:sqlite';
import { expect, test } from 'bun:test';
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Committer } from '../../../src/store/embedded/committer.ts';
import type { Operand } from '../../../src/store/embedded/row_ops.ts';
import { StoreUnavailableError } from '../../../src/store/store.ts';
import { openProbe, type Probe, temporaryDirectory } from './probe.ts';
import { VirtualClock } from './virtual_clock.ts';

/** A disk that does what a test tells it to. */
class TestDisk implements Committer {
  readonly batches: (readonly Operand[])[] = [];
  isFull = false;
  isHanging = false;
  isClosed = false;

  commit(ops: readonly Operand[]): Promise<void> {
    if (this.isHanging) return new Promise(() => {});
    if (this.isFull) return Promise.reject(new Error('database or disk is full'));
    this.batches.push(ops);
    return Promise.resolve();
  }

  renew(ops: readonly Operand[]): Promise<void> {
    return this.commit(ops);
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }
}

interface DiskProbe extends Probe {
  readonly disk: TestDisk;
  readonly diskClock: VirtualClock;
  readonly warnings: string[];
}

async function openOnTestDisk(): Promise<DiskProbe> {
  const disk = new TestDisk();
  const diskClock = new VirtualClock();
  const warnings: string[] = [];
  const dataDir = temporaryDirectory();
  const options = {
    dataDir,
    diskClock,
    committer: disk,
    log: (text: string) => warnings.push(text),
  };
  return { ...(await openProbe(options)), disk, diskClock, warnings };
}

/** Lets everything run that is already due. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function failFor(probe: DiskProbe, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    await turn();
    probe.diskClock.advance(100);
  }
  await turn();
}

test('every type survives a restart, small and large', async () => {
  const dataDir = temporaryDirectory();
  const before = await openProbe({ dataDir });
  expect(before.store.wasRestored).toBe(false);
  for (const count of [3, 100]) {
    for (let at = 0; at < count; at += 1) {
      before.call('SET', `s${count}:${at}`, `v${at}`);
      before.call('HSET', `h${count}`, `f${at}`, `é${at}`);
      before.call('SADD', `m${count}`, `m${at}`);
      before.call('ZADD', `z${count}`, at / 4, `m${at}`);
      before.call('RPUSH', `l${count}`, `e${at}`);
    }
  }
  before.call('SET', 'large', 'x'.repeat(3_000_000));
  await before.store.close();

  const after = await openProbe({ dataDir });
  expect(after.store.wasRestored).toBe(true);
  expect(after.call('GET', 's100:42')).toBe('v42');
  expect(after.call('GET', 'large')).toBe('x'.repeat(3_000_000));
  for (const count of [3, 100]) {
    expect(after.call('HLEN', `h${count}`)).toBe(count);
    expect(after.call('HGET', `h${count}`, 'f2')).toBe('é2');
    expect(after.call('SCARD', `m${count}`)).toBe(count);
    expect(after.call('ZRANGE', `z${count}`, 0, 2, 'WITHSCORES')).toEqual([
      'm0',
      '0',
      'm1',
      '0.25',
      'm2',
      '0.5',
    ]);
    expect(after.call('LRANGE', `l${count}`, -1, -1)).toEqual([`e${count - 1}`]);
    expect(after.call('LLEN', `l${count}`)).toBe(count);
  }
  await after.store.close();
  rmSync(dataDir, { recursive: true });
});

test('whoever waits is let go although what it waits for has cancelled itself out meanwhile', async () => {
  const { promise: landed, resolve: land } = Promise.withResolvers<void>();
  let commits = 0;
  const committer: Committer = {
    commit: () => {
      commits += 1;
      return landed;
    },
    renew: () => landed,
    close: async () => {},
  };
  const probe = await openProbe({ dataDir: temporaryDirectory(), committer });
  probe.call('SET', 'a', '1');
  const first = probe.store.settled();
  await turn();
  expect(commits).toBe(1);
  probe.call('SET', 'b', '1');
  const second = probe.store.settled();
  probe.call('DEL', 'b');
  land();
  await Promise.all([first, second]);
  expect(commits).toBe(1);
  await probe.store.close();
});

test('changes made after a restart are kept by the next one', async () => {
  const dataDir = temporaryDirectory();
  for (let round = 0; round < 3; round += 1) {
    const probe = await openProbe({ dataDir });
    expect(probe.call('LLEN', 'l')).toBe(round * 40);
    for (let at = 0; at < 50; at += 1) probe.call('RPUSH', 'l', `${round}-${at}`);
    probe.call('LTRIM', 'l', 10, -1);
    expect(probe.call('HINCRBY', 'h', 'rounds', 1)).toBe(round + 1);
    await probe.store.settled();
    await probe.store.close();
  }
});

test('expiry survives a restart and goes on counting meanwhile', async () => {
  const dataDir = temporaryDirectory();
  const before = await openProbe({ dataDir });
  before.call('SET', 'short', 1, 'PX', 1000);
  before.call('SET', 'long', 1, 'PX', 60_000);
  await before.store.close();

  const clock = new VirtualClock();
  clock.advance(5000);
  const after = await openProbe({ dataDir, clock });
  expect(after.call('GET', 'short')).toBeNull();
  expect(after.call('PTTL', 'long')).toBe(55_000);
  await after.store.close();
});

test('ephemeral keys are gone after a restart', async () => {
  const dataDir = temporaryDirectory();
  const before = await openProbe({ dataDir });
  before.call('SET', '{inngest}:x:lease', 1);
  before.call('SET', '{inngest}:run', 1);
  await before.store.close();
  const after = await openProbe({ dataDir });
  expect(after.store.keys()).toEqual(['{inngest}:run']);
  await after.store.close();
});

test('settled resolves at once when there is nothing to write', async () => {
  const { store, call, disk } = await openOnTestDisk();
  call('GET', 'a');
  await store.settled();
  expect(disk.batches).toEqual([]);
});

test('scripts of one turn share a batch, and those after it go into the next', async () => {
  const { store, call, disk } = await openOnTestDisk();
  call('SET', 'a', 1);
  call('SET', 'b', 1);
  const first = store.settled();
  await turn();
  call('SET', 'c', 1);
  await Promise.all([first, store.settled()]);
  expect(disk.batches.map((ops) => ops.filter((op) => typeof op === 'string').join())).toEqual([
    'a,1,b,1',
    'c,1',
  ]);
  expect(store.stats().commits).toBe(2);
});

test('settled resolves when the changes it waits for have cancelled out', async () => {
  const { store, call, disk } = await openOnTestDisk();
  call('SET', 'a', 1);
  const settled = store.settled();
  call('DEL', 'a');
  await settled;
  await store.settled();
  expect(disk.batches).toEqual([]);
});

test('a full disk keeps the batch, refuses intake, and is written to once it has room', async () => {
  const probe = await openOnTestDisk();
  const { store, call, disk, warnings } = probe;
  disk.isFull = true;
  call('SET', 'a', 1);
  const settled = store.settled();
  await failFor(probe, 300);
  expect(store.trouble()).toContain('the disk does not');
  expect(warnings[0]).toContain('database or disk is full');
  call('SET', 'b', 1);
  disk.isFull = false;
  await failFor(probe, 1000);
  await settled;
  await store.settled();
  expect(store.trouble()).toBeNull();
  expect(disk.batches.length).toBe(2);
  expect(warnings.at(-1)).toContain('takes writes again');
});

test('those who wait for a disk that stays full are told so, and no batch is lost', async () => {
  const probe = await openOnTestDisk();
  const { store, call, disk } = probe;
  disk.isFull = true;
  call('SET', 'a', 1);
  const first = store.settled().catch((error: unknown) => error);
  await turn();
  call('SET', 'b', 1);
  const second = store.settled().catch((error: unknown) => error);
  await failFor(probe, 11_000);
  expect(await first).toBeInstanceOf(StoreUnavailableError);
  expect(await second).toBeInstanceOf(StoreUnavailableError);
  await expect(store.settled()).rejects.toThrow(StoreUnavailableError);
  expect(call('GET', 'a')).toBe('1');
  disk.isFull = false;
  await failFor(probe, 6000);
  await store.settled();
  expect(disk.batches.length).toBe(2);
});

test('a disk that hangs is reported in bounded time', async () => {
  const probe = await openOnTestDisk();
  probe.disk.isHanging = true;
  probe.call('SET', 'a', 1);
  const settled = probe.store.settled().catch((error: unknown) => error);
  await failFor(probe, 11_000);
  expect(await settled).toBeInstanceOf(StoreUnavailableError);
  expect(probe.store.trouble()).toContain('the disk does not');
});

test('intake is refused when more is unwritten than memory should hold', async () => {
  const probe = await openOnTestDisk();
  probe.disk.isHanging = true;
  const chunk = 'x'.repeat(1024 * 1024);
  for (let at = 0; at < 63; at += 1) probe.call('SET', `k${at}`, chunk);
  expect(probe.store.trouble()).toBeNull();
  probe.call('SET', 'last', chunk);
  expect(probe.store.trouble()).toContain('the disk does not');
});

test('close gives up on a disk that stays full and says so', async () => {
  const probe = await openOnTestDisk();
  probe.disk.isFull = true;
  probe.call('SET', 'a', 1);
  const closed = probe.store.close().catch((error: unknown) => error);
  await failFor(probe, 11_000);
  expect(await closed).toBeInstanceOf(StoreUnavailableError);
  expect(probe.disk.isClosed).toBe(true);
  expect(probe.diskClock.timers).toBe(0);
});

test('close writes what is left and closes the disk', async () => {
  const { store, call, disk } = await openOnTestDisk();
  call('SET', 'a', 1);
  await store.close();
  expect(disk.batches.length).toBe(1);
  expect(disk.isClosed).toBe(true);
});

test('no script runs once the store is closing, and nothing is written after it has let the directory go', async () => {
  const { store, call, disk, diskClock } = await openOnTestDisk();
  call('SET', 'a', 1);
  disk.isHanging = true;
  const closed = store.close().catch((error: unknown) => error);
  expect(() => call('SET', 'late', 1)).toThrow(StoreUnavailableError);
  for (let passed = 0; passed < 11_000; passed += 100) {
    await turn();
    diskClock.advance(100);
  }
  expect(await closed).toBeInstanceOf(StoreUnavailableError);
  disk.isHanging = false;
  diskClock.advance(60_000);
  await turn();
  expect(disk.batches).toEqual([]);
});

test('a store in memory settles at once and leaves no timers behind', async () => {
  const { store, call, clock } = await openProbe();
  call('SET', 'a', 1, 'PX', 1000);
  await store.settled();
  expect(store.trouble()).toBeNull();
  expect(clock.timers).toBe(1);
  await store.close();
  expect(clock.timers).toBe(0);
});

test('the write-ahead log is folded into the file on close', async () => {
  const dataDir = temporaryDirectory();
  const { store, call } = await openProbe({ dataDir });
  for (let at = 0; at < 100; at += 1) call('SET', `k${at}`, 'x'.repeat(1000));
  await store.close();
  expect(statSync(join(dataDir, 'store.db')).size).toBeGreaterThan(100_000);
  expect(statSync(join(dataDir, 'store.db-wal'), { throwIfNoEntry: false })?.size ?? 0).toBe(0);
});

test('a database of a newer format is refused', async () => {
  const dataDir = temporaryDirectory();
  await (await openProbe({ dataDir })).store.close();
  const db = new Database(join(dataDir, 'store.db'));
  db.run('PRAGMA user_version = 99');
  db.close();
  await expect(openProbe({ dataDir })).rejects.toThrow('has format 99');
});

test('a file that is no database is refused by name', async () => {
  const dataDir = temporaryDirectory();
  await Bun.write(
    join(dataDir, 'store.db'),
    'this is not a database, but it is long enough'.repeat(99),
  );
  await expect(openProbe({ dataDir })).rejects.toThrow(join(dataDir, 'store.db'));
});

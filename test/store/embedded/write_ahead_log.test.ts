/**
 * The write-ahead log after a crash: what is torn at its end is a batch that nobody was told about; what is broken
 * before that would take acknowledged batches with it.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../../src/lib/clock.ts';
import { DamagedDatabaseError } from '../../../src/store/embedded/damage.ts';
import { openEmbeddedStore } from '../../../src/store/embedded/engine.ts';
import { crashScripts } from './crash_child.ts';
import { temporaryDirectory } from './probe.ts';
import { between, randomFrom, seedOf } from './seeded.ts';

const headerBytes = 32;
const frameBytes = 24 + 4096;
const settledMin = 60;

/** As a process left it that was killed, and the number of scripts that it knew to be on disk. */
let crashed = '';
let settled = 0;

beforeAll(async () => {
  crashed = temporaryDirectory();
  const child = Bun.spawn([process.execPath, join(import.meta.dir, 'crash_child.ts'), crashed], {
    stdout: 'pipe',
    stderr: 'inherit',
  });
  let text = '';
  for await (const chunk of child.stdout) {
    text += new TextDecoder().decode(chunk);
    if (text.split('\n').length > settledMin) child.kill('SIGKILL');
  }
  await child.exited;
  settled = Number(text.slice(0, text.lastIndexOf('\n')).split('\n').at(-1));
}, 60_000);

let copy = '';
afterAll(() => rmSync(copy, { recursive: true, force: true }));

/** A copy of the crashed directory whose log was changed. */
function withLog(change: (log: Buffer) => Buffer): string {
  if (copy !== '') rmSync(copy, { recursive: true, force: true });
  copy = temporaryDirectory();
  cpSync(crashed, copy, { recursive: true });
  // A start after a crash finds no shared memory that it could trust.
  rmSync(join(copy, 'store.db-shm'), { force: true });
  const path = join(copy, 'store.db-wal');
  writeFileSync(path, change(readFileSync(path)));
  return copy;
}

/** The number of scripts that a start finds, each of them whole; throws when the start is refused. */
async function scriptsIn(dataDir: string): Promise<number> {
  const store = await openEmbeddedStore({
    dataDir,
    clock: systemClock,
    extraScripts: crashScripts,
  });
  const reply = store.runSync('check', []);
  const count = Array.isArray(reply) ? Number(reply[0]) : 0;
  expect(reply).toEqual([count, count, count, count, `step${count}`]);
  await store.close();
  return count;
}

async function outcomeIn(dataDir: string): Promise<number | 'refused'> {
  try {
    return await scriptsIn(dataDir);
  } catch (error) {
    if (error instanceof DamagedDatabaseError) return 'refused';
    throw error;
  }
}

/** Where each commit's last frame begins. */
function commitsOf(log: Buffer): number[] {
  const salts = log.subarray(16, 24);
  const found: number[] = [];
  for (let at = headerBytes; at + frameBytes <= log.length; at += frameBytes) {
    if (!log.subarray(at + 8, at + 16).equals(salts)) break;
    if (log.readUInt32BE(at + 4) !== 0) found.push(at);
  }
  return found;
}

/** The scripts that are whole when the log ends with its n-th commit from the end. */
async function scriptsUpTo(fromEnd: number): Promise<number> {
  return scriptsIn(
    withLog((log) => log.subarray(0, (commitsOf(log).at(-fromEnd) ?? 0) + frameBytes)),
  );
}

/** Where the second last batch begins, and where the frame does that ends it. */
function withinSecondLast(): [number, number] {
  const commits = commitsOf(readFileSync(join(crashed, 'store.db-wal')));
  return [(commits.at(-3) ?? 0) + frameBytes, commits.at(-2) ?? 0];
}

/** A copy with one other bit, of which the log may end earlier. */
function flipped(bit: number, bytes = Number.POSITIVE_INFINITY): string {
  return withLog((log) => {
    const at = Math.floor(bit / 8);
    log[at] = (log[at] ?? 0) ^ (1 << (bit % 8));
    return log.subarray(0, bytes);
  });
}

async function expectRefused(dataDir: string, what: string): Promise<void> {
  const found = await outcomeIn(dataDir);
  if (found !== 'refused') throw new Error(`${what}: ${found}`);
}

describe('after a crash', () => {
  test('the log as it is holds every script that was settled', async () => {
    expect(await scriptsIn(withLog((log) => log))).toBeGreaterThanOrEqual(settled);
  });

  test('a last batch torn at any place opens with everything before it', async () => {
    const seed = seedOf('torn tails');
    const random = randomFrom(seed);
    const before = await scriptsUpTo(2);
    const whole = await scriptsUpTo(1);
    expect(before).toBeLessThan(whole);
    for (let round = 0; round < 40; round += 1) {
      const isCut = random() < 0.5;
      const dataDir = withLog((log) => {
        const commits = commitsOf(log);
        const [from, to] = [(commits.at(-2) ?? 0) + frameBytes, (commits.at(-1) ?? 0) + frameBytes];
        const at = between(random, from, to);
        if (isCut) return log.subarray(0, at);
        const torn = Buffer.from(log.subarray(0, to));
        for (let byte = at; byte < Math.min(to, at + 512); byte += 1) {
          torn[byte] = between(random, 0, 256);
        }
        return torn;
      });
      const found = await outcomeIn(dataDir);
      if (found !== before) throw new Error(`SEED=${seed} round ${round}: ${found}`);
    }
  }, 120_000);

  test('a log that was cut before its first frame is one without commits', async () => {
    for (const bytes of [0, 1, 31, 32, 33, 55, 56, 57, 4000]) {
      const dataDir = withLog((log) => log);
      truncateSync(join(dataDir, 'store.db-wal'), bytes);
      expect(typeof (await outcomeIn(dataDir))).toBe('number');
    }
  });

  test('damage anywhere before the last two batches is refused', async () => {
    const seed = seedOf('damage in the middle');
    const random = randomFrom(seed);
    for (let round = 0; round < 60; round += 1) {
      let at = 0;
      const dataDir = withLog((log) => {
        const end = (commitsOf(log).at(-3) ?? 0) + frameBytes;
        at = between(random, headerBytes, end);
        log[at] = (log[at] ?? 0) ^ (1 << between(random, 0, 8));
        return log;
      });
      const found = await outcomeIn(dataDir);
      if (found !== 'refused') throw new Error(`SEED=${seed} round ${round}: byte ${at}: ${found}`);
    }
  }, 120_000);

  test('damage anywhere in the batch before the last one is refused', async () => {
    const seed = seedOf('damage in the second last batch');
    const random = randomFrom(seed);
    const [from, commit] = withinSecondLast();
    // Every bit of the frame that ends the batch, then any bit of all its frames.
    const bits = Array.from({ length: 24 * 8 }, (_, bit) => commit * 8 + bit);
    const ends = [from * 8, (commit + frameBytes) * 8] as const;
    for (let round = 0; round < 60; round += 1) bits.push(between(random, ...ends));
    for (const bit of bits) await expectRefused(flipped(bit), `SEED=${seed} bit ${bit}`);
  }, 120_000);

  test('a frame that was lost as a whole is missed when it ended the batch before the last one', async () => {
    const [, commit] = withinSecondLast();
    const dataDir = withLog((log) => log.fill(0, commit, commit + frameBytes));
    await expectRefused(dataDir, 'a frame of zeros');
  });

  test('damage in the last batch is taken for its torn end, and never refused with more', async () => {
    const before = await scriptsUpTo(2);
    const seed = seedOf('damage in the last batch');
    const random = randomFrom(seed);
    const [, second] = withinSecondLast();
    const last = commitsOf(readFileSync(join(crashed, 'store.db-wal'))).at(-1) ?? 0;
    for (let round = 0; round < 30; round += 1) {
      const bit = between(random, (second + frameBytes) * 8, (last + frameBytes) * 8);
      const found = await outcomeIn(flipped(bit, last + frameBytes));
      if (found !== before) throw new Error(`SEED=${seed} bit ${bit}: ${found}`);
    }
  }, 120_000);

  for (const [name, lose] of Object.entries({
    'is gone': (path: string) => rmSync(path),
    'is empty': (path: string) => truncateSync(path, 0),
  })) {
    test(`a log whose database ${name} is refused, again and again, and says how to go on`, async () => {
      const dataDir = withLog((log) => log);
      const path = join(dataDir, 'store.db');
      const kept = readFileSync(path);
      lose(path);
      for (let start = 0; start < 2; start += 1) {
        const said = await scriptsIn(dataDir).catch(String);
        expect(said).toContain(`${path}-wal is damaged: it is a log without its database, ${path}`);
        expect(said).toContain('move the log away as well to begin with nothing');
        expect(said).toContain('inngest restore');
      }
      writeFileSync(path, kept);
      expect(await scriptsIn(dataDir)).toBeGreaterThanOrEqual(settled);
    });
  }

  test('a log whose header is damaged is refused', async () => {
    for (const at of [0, 9, 16, 21, 24, 31]) {
      const dataDir = withLog((log) => {
        log[at] = (log[at] ?? 0) ^ 4;
        return log;
      });
      expect(await outcomeIn(dataDir)).toBe('refused');
    }
  });

  test('the message names the log and says how to recover', async () => {
    const dataDir = withLog((log) => {
      log[headerBytes + 100] = (log[headerBytes + 100] ?? 0) ^ 1;
      return log;
    });
    const open = (): Promise<number> => scriptsIn(dataDir);
    expect(open).toThrow(`${join(dataDir, 'store.db-wal')} is damaged: the log is broken`);
    expect(open).toThrow('inngest restore');
  });
});

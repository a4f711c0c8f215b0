/** What is written to the database is what memory holds, whatever commands came before. */
import { Database } from 'bun:sqlite';
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { execute } from '../../../src/store/embedded/commands.ts';
import { prepareDatabase } from '../../../src/store/embedded/database.ts';
import type { Entry } from '../../../src/store/embedded/entry.ts';
import { Journal } from '../../../src/store/embedded/journal.ts';
import { Keyspace } from '../../../src/store/embedded/keyspace.ts';
import { CommandError } from '../../../src/store/embedded/reply.ts';
import { restore } from '../../../src/store/embedded/restore.ts';
import type { Operand } from '../../../src/store/embedded/row_ops.ts';
import { batchWriter } from '../../../src/store/embedded/row_writer.ts';
import { VirtualClock } from './virtual_clock.ts';

interface Bench {
  run(...line: (string | number)[]): void;
  /** Writes what changed and returns the operations. */
  flush(): readonly Operand[];
  inMemory(): unknown[];
  onDisk(): unknown[];
  partRows(): number;
}

function openBench(): Bench {
  const clock = new VirtualClock();
  const journal = new Journal();
  const space = new Keyspace(clock, '{p}', journal);
  const db = new Database(':memory:');
  prepareDatabase(db, ':memory:');
  const write = batchWriter(db);
  return {
    run: (name, key, ...args) => {
      execute(space, String(name), key === undefined ? key : String(key), args.map(String));
    },
    flush: () => {
      const ops = journal.take();
      write(ops);
      return ops;
    },
    inMemory: () => dump(space),
    onDisk: () => {
      const read = new Keyspace(clock, '{p}', new Journal());
      restore(db, read);
      return dump(read);
    },
    partRows: () => db.query<{ n: number }, []>('SELECT count(*) n FROM parts').get()?.n ?? 0,
  };
}

function dump(space: Keyspace): unknown[] {
  const entries = space
    .keys()
    .sort()
    .map((key) => space.find(key));
  return entries.map(
    (entry) => entry && [entry.key, entry.kind, entry.expiresAtMs, contents(entry)],
  );
}

function contents(entry: Entry): unknown {
  if (entry.kind === 'string') return entry.value;
  if (entry.kind === 'hash') return [...entry.value].sort();
  if (entry.kind === 'set') return [...entry.value].sort();
  if (entry.kind === 'list') return entry.value.slice(0, entry.value.length);
  return entry.value.slice(0, entry.value.size).map(({ member, score }) => [member, score]);
}

const part = fc.integer({ min: 0, max: 40 }).map((n) => `p${n}`);
const value = fc.oneof(fc.constantFrom('', 'v', '7', 'ü€😀', 'a\0b'), fc.constant('x'.repeat(700)));
const score = fc.constantFrom('0', '1', '-1.5', '1800000000000', 'inf', '-inf');
const position = fc.integer({ min: -30, max: 30 }).map(String);

const line: fc.Arbitrary<string[]> = fc.oneof(
  fc.tuple(fc.constant('SET'), fc.constant('s'), value),
  fc.tuple(fc.constant('HSET'), fc.constant('h'), part, value),
  fc.tuple(fc.constant('HDEL'), fc.constant('h'), part),
  fc.tuple(fc.constant('SADD'), fc.constant('m'), part),
  fc.tuple(fc.constant('SREM'), fc.constant('m'), part),
  fc.tuple(fc.constant('ZADD'), fc.constant('z'), score, part),
  fc.tuple(fc.constant('ZREM'), fc.constant('z'), part),
  fc.tuple(fc.constant('ZPOPMIN'), fc.constant('z')),
  fc.tuple(fc.constantFrom('RPUSH', 'LPUSH'), fc.constant('l'), value),
  fc.tuple(fc.constantFrom('RPUSH', 'LPUSH'), fc.constant('l'), part, part, part, part, part),
  fc.tuple(fc.constantFrom('RPOP', 'LPOP'), fc.constant('l')),
  fc.tuple(fc.constant('LSET'), fc.constant('l'), position, value),
  fc.tuple(fc.constant('LTRIM'), fc.constant('l'), position, position),
  fc.tuple(fc.constant('LREM'), fc.constant('l'), fc.constantFrom('0', '1', '-1'), part),
  fc.tuple(fc.constant('PEXPIRE'), fc.constantFrom('s', 'h', 'z', 'l'), fc.constant('60000')),
  fc.tuple(fc.constant('PERSIST'), fc.constantFrom('s', 'h', 'z', 'l')),
  fc.tuple(fc.constant('DEL'), fc.constantFrom('s', 'h', 'm', 'z', 'l')),
);
const flush = fc.constant('flush' as const);

test('the disk equals memory after every batch, whatever commands ran', () => {
  const steps = fc.array(
    fc.oneof({ weight: 12, arbitrary: line }, { weight: 1, arbitrary: flush }),
    {
      minLength: 1,
      maxLength: 150,
      size: 'max',
    },
  );
  fc.assert(
    fc.property(steps, (session) => {
      const bench = openBench();
      for (const step of [...session, 'flush' as const]) {
        if (step !== 'flush') {
          ignoreRefusal(() => bench.run(...step));
          continue;
        }
        bench.flush();
        expect(bench.onDisk()).toEqual(bench.inMemory());
      }
    }),
    { numRuns: 150 },
  );
});

/** LSET outside the list, for example. */
function ignoreRefusal(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
  }
}

test('a small collection is one row and a large one a row per part', () => {
  const bench = openBench();
  for (let at = 0; at < 16; at += 1) bench.run('HSET', 'h', `f${at}`, at);
  bench.flush();
  expect(bench.partRows()).toBe(0);
  bench.run('HSET', 'h', 'f16', 16);
  bench.flush();
  expect(bench.partRows()).toBe(17);
  expect(bench.onDisk()).toEqual(bench.inMemory());
});

test('one change to a large hash writes one row, and not its large neighbours', () => {
  const bench = openBench();
  bench.run('HSET', 'h', 'big', 'x'.repeat(5000), 'count', 1);
  bench.flush();
  bench.run('HINCRBY', 'h', 'count', 1);
  expect(JSON.stringify(bench.flush()).length).toBeLessThan(50);
});

test('a new expiry of a large collection does not write its parts again', () => {
  const bench = openBench();
  bench.run('HSET', 'h', 'f', 'x'.repeat(5000));
  bench.flush();
  bench.run('PEXPIRE', 'h', 60_000);
  expect(JSON.stringify(bench.flush()).length).toBeLessThan(50);
  expect(bench.onDisk()).toEqual(bench.inMemory());
});

test('a key that comes and goes between two batches costs nothing', () => {
  const bench = openBench();
  bench.run('HSET', 'h', 'f', 1);
  bench.run('DEL', 'h');
  expect(bench.flush()).toEqual([]);
});

test('many changes to one key between two batches are one operation', () => {
  const bench = openBench();
  for (let at = 0; at < 1000; at += 1) bench.run('INCR', 'n');
  // The key's row with its six columns, and the number of rows.
  expect(bench.flush().length).toBe(7 + 3);
});

test('a key under <prefix>:x: is never written', () => {
  const bench = openBench();
  bench.run('SET', '{p}:x:lease', 1);
  bench.run('PEXPIRE', '{p}:x:lease', 1000);
  bench.run('ZADD', '{p}:x:index', 1, 'a');
  expect(bench.flush()).toEqual([]);
  bench.run('SET', '{p}:item:x:1', 1);
  expect(bench.flush()).not.toEqual([]);
});

test('trimming the head of a long list deletes its rows and rewrites none', () => {
  const bench = openBench();
  for (let at = 0; at < 500; at += 1) bench.run('RPUSH', 'l', `e${at}`);
  bench.flush();
  bench.run('LTRIM', 'l', 400, -1);
  // One operation, and the number of rows.
  expect(bench.flush().length).toBe(3 + 3);
  expect(bench.onDisk()).toEqual(bench.inMemory());
});

test('a split key that is deleted and made anew leaves no old rows', () => {
  const bench = openBench();
  for (let at = 0; at < 40; at += 1) bench.run('SADD', 'm', `m${at}`);
  bench.flush();
  bench.run('DEL', 'm');
  bench.run('SADD', 'm', 'only');
  bench.flush();
  expect(bench.partRows()).toBe(0);
  expect(bench.onDisk()).toEqual(bench.inMemory());
});

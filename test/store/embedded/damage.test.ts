/** A database with any damage is refused as a whole, with a message that says what is wrong and how to recover. */
import { Database } from 'bun:sqlite';
import { expect, test } from 'bun:test';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { databasePath } from '../../../src/store/embedded/database.ts';
import { codeOf, keySeal } from '../../../src/store/embedded/row_checksum.ts';
import { alter, filledDirectory, refusal } from './disk_probe.ts';
import { openProbe, type Probe, temporaryDirectory } from './probe.ts';
import { between, randomFrom, seedOf } from './seeded.ts';

const parts = 40;

function fill(call: Probe['call']): void {
  for (let at = 0; at < parts; at += 1) {
    call('SET', `s${at}`, `value ${at}`);
    call('HSET', 'h', `f${at}`, `v${at}`);
    call('ZADD', 'z', at / 4, `m${at}`);
    call('SADD', 'm', `m${at}`);
    call('RPUSH', 'l', `e${at}`);
  }
  call('HSET', 'small', 'f', 'v');
  call('SET', 'mortal', 'v', 'PX', 60_000);
}

const idOf = (key: string): string => `(SELECT id FROM keys WHERE k = '${key}')`;

const damages: Readonly<Record<string, readonly [statement: string, message: string]>> = {
  'a value': ["UPDATE keys SET v = 'valu3' WHERE k = 's7'", 's7: its checksum does not match'],
  'a name': ["UPDATE keys SET k = 's77' WHERE k = 's7'", 's77: its checksum does not match'],
  'an expiry': [
    "UPDATE keys SET expires_at_ms = expires_at_ms + 1 WHERE k = 'mortal'",
    'mortal: its checksum does not match',
  ],
  'an expiry that is new': [
    "UPDATE keys SET expires_at_ms = 1 WHERE k = 's7'",
    's7: its checksum does not match',
  ],
  'a kind': [
    "UPDATE keys SET seal = seal + 2 WHERE k = 'small'",
    'small: its checksum does not match',
  ],
  'an id': ["UPDATE keys SET id = 999 WHERE k = 's7'", 's7: its checksum does not match'],
  'a checksum': [
    "UPDATE keys SET seal = seal + 256 WHERE k = 's7'",
    's7: its checksum does not match',
  ],
  'a value that is no text': [
    "UPDATE keys SET v = x'0102' WHERE k = 's7'",
    's7: its checksum does not match',
  ],
  'whether a key is split': [
    "UPDATE keys SET seal = seal - 1 WHERE k = 'h'",
    'h: its checksum does not match',
  ],
  'a seal that is no number': [
    "UPDATE keys SET seal = 'seal' WHERE k = 's7'",
    's7: its checksum does not match',
  ],
  // The table forbids NULL; damage does not ask.
  'an expiry that is nothing': [
    "UPDATE keys SET expires_at_ms = 'never' WHERE k = 's7'",
    's7: its checksum does not match',
  ],
  'a part': [
    `UPDATE parts SET v = 'x' WHERE part = 'f3' AND id = ${idOf('h')}`,
    'h, part f3: its checksum does not match',
  ],
  "a part's name": [
    `UPDATE parts SET part = 'f333' WHERE part = 'f3' AND id = ${idOf('h')}`,
    'h, part f333: its checksum does not match',
  ],
  'a score': [
    `UPDATE parts SET v = v + 1 WHERE part = 'm3' AND id = ${idOf('z')}`,
    'z, part m3: its checksum does not match',
  ],
  'a part that is gone': [
    `DELETE FROM parts WHERE part = 'f3' AND id = ${idOf('h')}`,
    'the database says',
  ],
  'an element that is gone': [
    `DELETE FROM parts WHERE part = 3 AND id = ${idOf('l')}`,
    'l, part 4: elements before it are missing',
  ],
  'a key that is gone': ["DELETE FROM keys WHERE k = 's7'", 'the database says'],
  'parts without their key': [
    "DELETE FROM keys WHERE k = 'h'",
    'there is no key that it belongs to',
  ],
  'a split key without parts': [
    `DELETE FROM parts WHERE id = ${idOf('m')}`,
    'm: all of its parts are missing',
  ],
  'the number of rows': ["DELETE FROM meta WHERE name = 'counts'", 'the tables'],
};

for (const [name, [statement, message]] of Object.entries(damages)) {
  test(`a database is refused for ${name}`, async () => {
    const dataDir = await filledDirectory(temporaryDirectory(), fill);
    alter(dataDir, statement);
    const said = await refusal(dataDir);
    expect(said).toContain(message);
    expect(said).toContain(`${databasePath(dataDir)} is damaged`);
    expect(said).toContain('inngest restore');
    // It is not touched, either.
    expect(await refusal(dataDir)).toBe(said);
  });
}

/** A row that is as its checksum says, but cannot have been written by this program. */
async function refusalOfRow(kind: number, value: string): Promise<string> {
  const dataDir = await filledDirectory(temporaryDirectory(), (call) => call('SET', 'only', 'v'));
  const db = new Database(databasePath(dataDir));
  const { id } = db.query<{ id: number }, []>('SELECT id FROM keys').get() ?? { id: 0 };
  const seal = keySeal(id, 'only', codeOf(kind, 0), 0, value);
  db.run('UPDATE keys SET v = ?, seal = ?', [value, seal]);
  db.close();
  return refusal(dataDir);
}

test('a database is refused for a key of an unknown kind', async () => {
  expect(await refusalOfRow(9, 'v')).toContain('only: unknown kind 9');
});

test('a database is refused for a packed value that cannot be read', async () => {
  expect(await refusalOfRow(2, '["f","v"')).toContain('only: its value cannot be read');
});

test('of many damaged records the first are described and all are counted', async () => {
  const dataDir = await filledDirectory(temporaryDirectory(), fill);
  alter(dataDir, "UPDATE keys SET v = v || '!' WHERE k LIKE 's%'");
  const said = await refusal(dataDir);
  expect(said).toContain(`${parts + 1} damaged records`);
  expect(said).toContain('s0: its checksum does not match');
  expect(said).toContain(`and ${parts + 1 - 5} more`);
  expect(said.length).toBeLessThan(1_000);
});

test('the database of another program is refused and left alone', async () => {
  const dataDir = temporaryDirectory();
  alter(dataDir, 'CREATE TABLE theirs (a)');
  expect(await refusal(dataDir)).toContain('is a database of another program');
});

/** What a start from this directory holds, or null when it is refused. */
async function contents(dataDir: string): Promise<string | null> {
  let probe: Probe;
  try {
    probe = await openProbe({ dataDir });
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    expect(message).toContain(databasePath(dataDir));
    return null;
  }
  const { store, call } = probe;
  const held = store
    .keys()
    .sort()
    .map((key) => {
      const type = String(call('TYPE', key));
      if (type === 'string') return [key, call('GET', key), call('PTTL', key)];
      if (type === 'hash') return [key, call('HGETALL', key)];
      if (type === 'zset') return [key, call('ZRANGE', key, 0, -1, 'WITHSCORES')];
      if (type === 'set') return [key, [...[call('SMEMBERS', key)].flat()].sort()];
      return [key, call('LRANGE', key, 0, -1)];
    });
  await store.close();
  return JSON.stringify(held);
}

const flips = 200;

test('a bit that flips anywhere in the file is never loaded as if nothing had happened', async () => {
  const seed = seedOf('bit flips');
  const random = randomFrom(seed);
  const dataDir = await filledDirectory(temporaryDirectory(), fill);
  const whole = readFileSync(databasePath(dataDir));
  const expected = await contents(dataDir);
  let refused = 0;
  for (let flip = 0; flip < flips; flip += 1) {
    const damaged = Buffer.from(whole);
    const at = between(random, 0, damaged.length);
    damaged[at] = (damaged[at] ?? 0) ^ (1 << between(random, 0, 8));
    for (const suffix of ['-wal', '-shm']) rmSync(databasePath(dataDir) + suffix, { force: true });
    writeFileSync(databasePath(dataDir), damaged);
    const found = await contents(dataDir);
    if (found === null) refused += 1;
    else if (found !== expected) throw new Error(`SEED=${seed}: byte ${at} was loaded wrong`);
  }
  expect(refused).toBeGreaterThan(flips / 10);
}, 120_000);

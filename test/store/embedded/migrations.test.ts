/** Databases of older formats are brought to the present one, or refused before anything is changed. */
import { Database } from 'bun:sqlite';
import { expect, test } from 'bun:test';
import { databasePath } from '../../../src/store/embedded/database.ts';
import { formatVersion } from '../../../src/store/embedded/migrations.ts';
import { alter, refusal } from './disk_probe.ts';
import { openProbe, temporaryDirectory } from './probe.ts';

/** As the first version of the program wrote it. */
const format1 = [
  `CREATE TABLE keys (id INTEGER PRIMARY KEY, k TEXT NOT NULL, kind INTEGER NOT NULL,
    is_split INTEGER NOT NULL, expires_at_ms INTEGER NOT NULL, v)`,
  `CREATE TABLE parts (id INTEGER NOT NULL, part NOT NULL, v, PRIMARY KEY (id, part)) WITHOUT ROWID`,
  'CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID',
  'PRAGMA journal_mode = WAL',
  "INSERT INTO keys VALUES (1, 's', 1, 0, 0, 'é€😀')",
  'INSERT INTO keys VALUES (2, \'h\', 2, 0, 1800000060000, \'["f","v"]\')',
  'INSERT INTO keys VALUES (4, \'m\', 3, 0, 0, \'["a","b"]\')',
  'INSERT INTO keys VALUES (5, \'z\', 4, 0, 0, \'["a",1.5,"b","inf"]\')',
  'INSERT INTO keys VALUES (6, \'l\', 5, 0, 0, \'["x","y"]\')',
  "INSERT INTO keys VALUES (7, 'H', 2, 1, 0, NULL)",
  "INSERT INTO keys VALUES (8, 'M', 3, 1, 0, NULL)",
  "INSERT INTO keys VALUES (9, 'Z', 4, 1, 0, NULL)",
  "INSERT INTO keys VALUES (10, 'L', 5, 1, 0, NULL)",
  'WITH RECURSIVE n(i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM n WHERE i < 1499) ' +
    "INSERT INTO parts SELECT 7, 'f' || i, 'v' || i FROM n",
  "INSERT INTO parts VALUES (8, 'only', NULL)",
  "INSERT INTO parts VALUES (9, 'low', -1), (9, 'high', 1800000000000), (9, 'top', 'inf')",
  "INSERT INTO parts VALUES (10, -1, 'first'), (10, 0, 'second'), (10, 1, 'third')",
  "INSERT INTO meta VALUES ('clean', 0)",
  'PRAGMA user_version = 1',
];

function openFormat1(...more: readonly string[]): string {
  const dataDir = temporaryDirectory();
  alter(dataDir, ...format1, ...more);
  return dataDir;
}

function versionOf(dataDir: string): unknown {
  const db = new Database(databasePath(dataDir));
  const row = db.query<{ user_version: number }, []>('PRAGMA user_version').get();
  db.close();
  return row?.user_version;
}

test('a database of format 1 is read, brought to the present format, and can be changed', async () => {
  const dataDir = openFormat1();
  for (const round of [1, 2]) {
    const { store, call } = await openProbe({ dataDir });
    expect(call('GET', 's')).toBe('é€😀');
    expect(call('HGETALL', 'h')).toEqual(['f', 'v']);
    expect(call('PTTL', 'h')).toBe(60_000);
    expect(call('SMEMBERS', 'm')).toEqual(['a', 'b']);
    expect(call('ZRANGE', 'z', 0, -1, 'WITHSCORES')).toEqual(['a', '1.5', 'b', 'inf']);
    expect(call('LRANGE', 'l', 0, -1)).toEqual(['x', 'y']);
    expect(call('HLEN', 'H')).toBe(1500);
    expect(call('HGET', 'H', 'f1499')).toBe('v1499');
    expect(call('SMEMBERS', 'M')).toEqual(['only']);
    expect(call('ZRANGE', 'Z', 0, -1)).toEqual(['low', 'high', 'top']);
    expect(call('LRANGE', 'L', 0, -1)).toEqual(['first', 'second', 'third']);
    expect(call('INCR', 'rounds')).toBe(round);
    await store.close();
    expect(versionOf(dataDir)).toBe(formatVersion);
  }
});

test('a migration that fails leaves the file as it was', async () => {
  const dataDir = openFormat1("UPDATE keys SET v = '[\"f\"' WHERE k = 'h'");
  expect(await refusal(dataDir)).toContain('h: its value cannot be read');
  expect(versionOf(dataDir)).toBe(1);
  alter(dataDir, 'UPDATE keys SET v = \'["f","v"]\' WHERE k = \'h\'');
  expect(await refusal(dataDir)).toBe('');
});

test('damage that a migration finds is described', async () => {
  expect(await refusal(openFormat1("UPDATE keys SET kind = 9 WHERE k = 's'"))).toContain(
    's: unknown kind 9',
  );
  expect(await refusal(openFormat1("UPDATE keys SET v = '[\"f\"]' WHERE k = 'h'"))).toContain(
    'h: its value cannot be read (a field has no value)',
  );
  expect(await refusal(openFormat1("UPDATE keys SET v = x'00' WHERE k = 'h'"))).toContain(
    'h: its value is not text',
  );
  expect(await refusal(openFormat1('DELETE FROM keys WHERE id = 7'))).toContain(
    'there is no key that it belongs to',
  );
});

test('a process killed in the middle of a migration has changed nothing', async () => {
  const dataDir = openFormat1();
  const path = databasePath(dataDir);
  const source = `
    import { Database } from 'bun:sqlite';
    import { migrate } from '${new URL('../../../src/store/embedded/migrations.ts', import.meta.url).pathname}';
    const db = new Database(process.argv[1]);
    // Pages leave the cache early, and the migration never gets to its end.
    db.run('PRAGMA cache_size = 1');
    const run = db.run.bind(db);
    db.run = (sql, ...rest) => {
      if (sql.includes('user_version')) process.kill(process.pid, 'SIGKILL');
      return run(sql, ...rest);
    };
    migrate(db, 1);`;
  const child = Bun.spawn([process.execPath, '-e', source, path], { stderr: 'inherit' });
  await child.exited;
  expect(child.signalCode).toBe('SIGKILL');
  expect(versionOf(dataDir)).toBe(1);
  const { store, call } = await openProbe({ dataDir });
  expect(call('HLEN', 'H')).toBe(1500);
  await store.close();
});

test('a database of a newer format is refused and not touched', async () => {
  const dataDir = openFormat1(`PRAGMA user_version = ${formatVersion + 1}`);
  expect(await refusal(dataDir)).toContain('start a newer version');
  expect(versionOf(dataDir)).toBe(formatVersion + 1);
});

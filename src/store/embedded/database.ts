/** The engine's database file: schema, format version and applying batches. */
import { Database } from 'bun:sqlite';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { type Operand, rowOp } from './row_ops.ts';

/** Raised whenever an older program could not read what this one writes. */
export const formatVersion = 1;

/** Checking a whole file takes about a second per GiB; a larger one is trusted to SQLite's own journal. */
const checkBytesMax = 64 * 1024 * 1024;
/** WAL pages (4 KiB) between checkpoints: fewer of them write hot pages to the main file less often. */
const checkpointPages = 4000;

const schema = `
  CREATE TABLE IF NOT EXISTS keys (id INTEGER PRIMARY KEY, k TEXT NOT NULL, kind INTEGER NOT NULL,
    is_split INTEGER NOT NULL, expires_at_ms INTEGER NOT NULL, v);
  CREATE TABLE IF NOT EXISTS parts (id INTEGER NOT NULL, part NOT NULL, v, PRIMARY KEY (id, part))
    WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
`;

export function databasePath(dataDir: string): string {
  return join(dataDir, 'store.db');
}

/** Throws with the file's name when it cannot be opened. */
export function openDatabase(path: string): Database {
  try {
    return openFile(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`cannot open ${path}: ${reason}`, { cause });
  }
}

function openFile(path: string): Database {
  const db = new Database(path, { create: true, readwrite: true });
  // First of all: a thread that is just closing the file holds it for a moment.
  db.run('PRAGMA busy_timeout = 2000');
  db.run('PRAGMA journal_mode = WAL');
  db.run('PRAGMA synchronous = FULL');
  db.run(`PRAGMA wal_autocheckpoint = ${checkpointPages}`);
  return db;
}

/** Makes a new file ready, or refuses one that this program cannot read. */
export function prepareDatabase(db: Database, path: string): void {
  const found =
    db.query<{ user_version: number }, []>('PRAGMA user_version').get()?.user_version ?? 0;
  if (found > formatVersion) {
    throw new Error(
      `${path} has format ${found}, this program reads up to ${formatVersion}: start a newer version`,
    );
  }
  if (found === formatVersion) {
    if (!wasClosedCleanly(db)) checkSmall(db, path);
    return;
  }
  db.transaction(() => {
    db.run(schema);
    db.run(`PRAGMA user_version = ${formatVersion}`);
  })();
}

function wasClosedCleanly(db: Database): boolean {
  const row = db.query<{ value: number }, []>("SELECT value FROM meta WHERE name = 'clean'").get();
  return row === null || row.value === 1;
}

function checkSmall(db: Database, path: string): void {
  if (statSync(path).size > checkBytesMax) return;
  const row = db.query<{ quick_check: string }, []>('PRAGMA quick_check(1)').get();
  if (row?.quick_check === 'ok') return;
  throw new Error(
    `${path} is damaged (${row?.quick_check}): restore a backup of the data directory`,
  );
}

export function markClean(db: Database, isClean: boolean): void {
  db.run("INSERT OR REPLACE INTO meta (name, value) VALUES ('clean', ?)", [isClean ? 1 : 0]);
}

/** Applies one batch in one transaction: all of it is on disk when this returns, or none of it. */
export function batchWriter(db: Database): (ops: readonly Operand[]) => void {
  const statements = prepareStatements(db);
  return db.transaction((ops: readonly Operand[]) => {
    for (let at = 0; at < ops.length; ) {
      const statement = statements.get(ops[at]);
      if (!statement) throw new Error(`batch: unknown operation ${ops[at]} at ${at}`);
      const next = at + 1 + statement.operands;
      statement.run(ops.slice(at + 1, next));
      at = next;
    }
  });
}

interface RowStatement {
  readonly operands: number;
  run(operands: readonly Operand[]): void;
}

function prepareStatements(db: Database): Map<Operand | undefined, RowStatement> {
  const statement = (operands: number, sql: string): RowStatement => {
    const prepared = db.prepare<unknown, Operand[]>(sql);
    return { operands, run: (values) => prepared.run(...values) };
  };
  return new Map<Operand | undefined, RowStatement>([
    [rowOp.putKey, statement(6, 'INSERT OR REPLACE INTO keys VALUES (?, ?, ?, ?, ?, ?)')],
    [rowOp.dropKey, statement(1, 'DELETE FROM keys WHERE id = ?')],
    [rowOp.setExpiry, statement(2, 'UPDATE keys SET expires_at_ms = ?2 WHERE id = ?1')],
    [rowOp.putPart, statement(3, 'INSERT OR REPLACE INTO parts VALUES (?, ?, ?)')],
    [rowOp.dropPart, statement(2, 'DELETE FROM parts WHERE id = ? AND part = ?')],
    [rowOp.dropParts, statement(1, 'DELETE FROM parts WHERE id = ?')],
    [rowOp.dropPartsBefore, statement(2, 'DELETE FROM parts WHERE id = ? AND part < ?')],
    [rowOp.dropPartsFrom, statement(2, 'DELETE FROM parts WHERE id = ? AND part >= ?')],
  ]);
}

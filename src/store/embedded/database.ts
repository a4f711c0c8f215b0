/** The engine's database file: opening it, its format version, and whether it was closed in order. */
import { Database } from 'bun:sqlite';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DamagedDatabaseError, isDamage, refusingDamage } from './damage.ts';
import { formatVersion, migrate } from './migrations.ts';
import { createPrivately } from './private_file.ts';
import { checkWriteAheadLog } from './write_ahead_log.ts';

/**
 * Checking the structure of a whole file takes about a second per GiB. That of a larger one shows as far as it matters
 * when its rows are read: each is checked, and they are counted.
 */
const checkBytesMax = 64 * 1024 * 1024;
/** WAL pages (4 KiB) between checkpoints: fewer of them write hot pages to the main file less often. */
const checkpointPages = 4000;
/** A log that a long read has kept from being begun anew is cut back to this, which is more than it has usually. */
const logBytesMax = 32 * 1024 * 1024;

export function databasePath(dataDir: string): string {
  return join(dataDir, 'store.db');
}

/** Throws with the file's name when it cannot be opened or its log is damaged. */
export function openDatabase(path: string): Database {
  try {
    checkWriteAheadLog(path);
    return openFile(path);
  } catch (cause) {
    if (cause instanceof DamagedDatabaseError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    if (isDamage(cause)) throw new DamagedDatabaseError(path, `SQLite says "${reason}"`, cause);
    throw new Error(`cannot open ${path}: ${reason}`, { cause });
  }
}

function openFile(path: string): Database {
  createPrivately(path);
  const db = new Database(path, { create: true, readwrite: true });
  try {
    // First of all: a thread that is just closing the file holds it for a moment.
    db.run('PRAGMA busy_timeout = 2000');
    db.run('PRAGMA journal_mode = WAL');
    db.run('PRAGMA synchronous = FULL');
    db.run(`PRAGMA wal_autocheckpoint = ${checkpointPages}`);
    db.run(`PRAGMA journal_size_limit = ${logBytesMax}`);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Makes a new file ready and brings one of an older format to the present one, or refuses what it cannot read. */
export function prepareDatabase(db: Database, path: string): void {
  refusingDamage(path, () => {
    const found = versionOf(db);
    if (found > formatVersion) {
      throw new Error(
        `${path} has format ${found}, this program reads up to ${formatVersion}: start a newer version`,
      );
    }
    if (found === 0 && hasTables(db)) {
      throw new Error(
        `${path} is a database of another program: move it away, or choose another data directory`,
      );
    }
    if (found > 0 && !wasClosedCleanly(db)) checkSmall(db, path);
    if (found < formatVersion) migrate(db, found);
  });
}

function versionOf(db: Database): number {
  return db.query<{ user_version: number }, []>('PRAGMA user_version').get()?.user_version ?? 0;
}

function hasTables(db: Database): boolean {
  return db.query('SELECT 1 FROM sqlite_schema LIMIT 1').get() !== null;
}

function wasClosedCleanly(db: Database): boolean {
  const row = db.query<{ value: number }, []>("SELECT value FROM meta WHERE name = 'clean'").get();
  return row === null || row.value === 1;
}

function checkSmall(db: Database, path: string): void {
  if (statSync(path).size > checkBytesMax) return;
  const row = db.query<{ quick_check: string }, []>('PRAGMA quick_check(1)').get();
  if (row?.quick_check === 'ok') return;
  throw new DamagedDatabaseError(path, `SQLite says "${row?.quick_check}"`);
}

export function markClean(db: Database, isClean: boolean): void {
  db.run("INSERT OR REPLACE INTO meta (name, value) VALUES ('clean', ?)", [isClean ? 1 : 0]);
}

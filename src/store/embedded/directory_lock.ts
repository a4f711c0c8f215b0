/**
 * One process per data directory. The lock is SQLite's own exclusive lock on an empty side file: the
 * kernel drops it with the process, however that ends.
 */
import { Database, SQLiteError } from 'bun:sqlite';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

export interface DirectoryLock {
  release(): void;
}

/** Throws when another process uses the directory. Creates the directory if need be. */
export function lockDirectory(dataDir: string): DirectoryLock {
  mkdirSync(dataDir, { recursive: true });
  let db: Database | undefined;
  try {
    db = new Database(join(dataDir, 'store.lock'), { create: true, readwrite: true });
    db.run('PRAGMA busy_timeout = 0');
    db.run('BEGIN EXCLUSIVE');
  } catch (cause) {
    db?.close();
    throw lockError(dataDir, cause);
  }
  const held = db;
  return { release: () => held.close() };
}

function lockError(dataDir: string, cause: unknown): Error {
  if (cause instanceof SQLiteError && cause.code === 'SQLITE_BUSY') {
    return new Error(
      `another inngest process is using the data directory ${dataDir}: stop it, or choose another directory`,
      { cause },
    );
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new Error(
    `cannot lock the data directory ${dataDir}: ${reason}: check that it is writable`,
    { cause },
  );
}

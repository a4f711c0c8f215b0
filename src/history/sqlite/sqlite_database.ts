/** Connections to a history database in a SQLite file. With the write-ahead log readers and the writer do not wait. */
import { Database } from 'bun:sqlite';
import type { HistoryPlace } from '../place.ts';
import type { ReadableDatabase, WritableDatabase } from '../sql/source.ts';
import type { Note } from '../writer_message.ts';
import { SqliteSink, SqliteSource } from './sqlite_source.ts';
import { incremental, pragma, upgrade } from './upgrade.ts';

/** Another process may be looking at the file (a backup, a sqlite3 shell); the outbox waits meanwhile. */
const busyTimeoutMs = 5_000;
/** Indexes by id and name are written all over: keeping their pages costs less than reading them back. */
const cacheKib = 4_096;
/** The log shrinks back to this after a burst. */
const logBytesMax = 64 * 1024 * 1024;
/** A reader meets a lock only while the log is being recovered; the main thread cannot wait for longer. */
const readBusyTimeoutMs = 250;

/** Free pages that are kept for what comes next: giving them back and taking them again would be for nothing. */
const freePagesMin = 2_048;
/** A free page in so many is no reason to move others about. */
const freePagesPart = 10;
/** Given back at once: each may move another page. */
const pagesPerStep = 256;

export function openSqliteForWriting(
  { path, synchronous }: Extract<HistoryPlace, { kind: 'sqlite' }>,
  note: Note = () => {},
): WritableDatabase {
  const db = new Database(path, { create: true, readwrite: true });
  try {
    db.run(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
    // Only a file without tables takes this; an older one once it is written anew.
    db.run('PRAGMA auto_vacuum = INCREMENTAL');
    db.run('PRAGMA journal_mode = WAL');
    db.run(`PRAGMA synchronous = ${synchronous}`);
    db.run(`PRAGMA cache_size = -${cacheKib}`);
    db.run(`PRAGMA journal_size_limit = ${logBytesMax}`);
    upgrade(db, { path, note });
  } catch (error) {
    db.close();
    throw error;
  }
  const gives = pragma(db, 'auto_vacuum') === incremental;
  return {
    sink: new SqliteSink(db),
    giveBack: async () => gives && giveBack(db),
    // Statements and all: otherwise the file stays open and its log beside it.
    close: async () => db.close(true),
  };
}

export function openSqliteForReading(path: string): ReadableDatabase {
  const db = new Database(path, { readonly: true });
  db.run(`PRAGMA busy_timeout = ${readBusyTimeoutMs}`);
  return { source: new SqliteSource(db), close: async () => db.close(true) };
}

function giveBack(db: Database): boolean {
  const free = pragma(db, 'freelist_count');
  const spare = free - Math.max(freePagesMin, pragma(db, 'page_count') / freePagesPart);
  if (spare <= 0) return false;
  // As a query: each row that is fetched moves one page.
  db.query(`PRAGMA incremental_vacuum(${pagesPerStep})`).all();
  return spare > pagesPerStep;
}

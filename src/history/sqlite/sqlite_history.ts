/**
 * History in a SQLite file. A thread of its own writes; the main thread reads through a second connection
 * that cannot write. With the write-ahead log neither waits for the other.
 */
import { Database } from 'bun:sqlite';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { StepFact } from '../fact.ts';
import type { EventFilter, EventRecord, History, RunRecord } from '../history.ts';
import { HistoryUnavailableError } from '../history_error.ts';
import { readEvent, readEvents } from './event_query.ts';
import { readRun, readRunsOfEvent } from './run_query.ts';
import { readSteps } from './step_query.ts';
import { makeTemporaryFolder, removeFolder } from './temporary_folder.ts';
import { Writer } from './writer.ts';

export interface SqliteHistoryOptions {
  /** The database file; null keeps history in a temporary file that goes when history is closed. */
  readonly path: string | null;
}

/** A reader meets a lock only while the log is being recovered; the main thread cannot wait for longer. */
const readBusyTimeoutMs = 250;

/** Throws `HistoryUnavailableError` when the file cannot be opened or is not a history database. */
export async function openSqliteHistory({ path }: SqliteHistoryOptions): Promise<History> {
  const place = path === null ? temporaryPlace() : lastingPlace(path);
  const synchronous = place.temporaryFolder === null ? 'FULL' : 'OFF';
  const writer = new Writer({ path: place.path, synchronous });
  try {
    await writer.open();
    return new SqliteHistory(writer, openReader(place.path), place.temporaryFolder);
  } catch (cause) {
    await writer.close();
    if (place.temporaryFolder !== null) removeFolder(place.temporaryFolder);
    throw unavailable(`cannot open history database ${place.path}`, cause);
  }
}

interface Place {
  readonly path: string;
  readonly temporaryFolder: string | null;
}

function temporaryPlace(): Place {
  const folder = makeTemporaryFolder();
  return { path: join(folder, 'history.db'), temporaryFolder: folder };
}

function lastingPlace(path: string): Place {
  mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
  return { path, temporaryFolder: null };
}

function openReader(path: string): Database {
  const db = new Database(path, { readonly: true });
  db.run(`PRAGMA busy_timeout = ${readBusyTimeoutMs}`);
  return db;
}

class SqliteHistory implements History {
  readonly #writer: Writer;
  readonly #reader: Database;
  readonly #temporaryFolder: string | null;
  #closed: Promise<void> | null = null;

  constructor(writer: Writer, reader: Database, temporaryFolder: string | null) {
    this.#writer = writer;
    this.#reader = reader;
    this.#temporaryFolder = temporaryFolder;
  }

  /** Throws `FactsRejectedError` when it left facts out, `HistoryUnavailableError` when it recorded none. */
  async record(facts: readonly string[]): Promise<void> {
    if (facts.length > 0) await this.#writer.record(facts);
  }

  async events(filter: EventFilter): Promise<readonly EventRecord[]> {
    return this.#read((db) => readEvents(db, filter));
  }

  async event(internalId: string): Promise<EventRecord | null> {
    return this.#read((db) => readEvent(db, internalId));
  }

  async runsOfEvent(internalId: string): Promise<readonly RunRecord[]> {
    return this.#read((db) => readRunsOfEvent(db, internalId));
  }

  async run(runId: string): Promise<RunRecord | null> {
    return this.#read((db) => readRun(db, runId));
  }

  async stepsOf(runId: string): Promise<readonly StepFact[]> {
    return this.#read((db) => readSteps(db, runId));
  }

  /** Waits for what is being recorded. Safe to call again. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    // The writer closes last: the last connection folds the log into the file.
    this.#reader.close(true);
    try {
      await this.#writer.close();
    } finally {
      if (this.#temporaryFolder !== null) removeFolder(this.#temporaryFolder);
    }
  }

  #read<T>(query: (db: Database) => T): T {
    if (this.#closed !== null) throw new HistoryUnavailableError('history has been closed');
    try {
      return query(this.#reader);
    } catch (cause) {
      throw unavailable('cannot read history', cause);
    }
  }
}

function unavailable(what: string, cause: unknown): HistoryUnavailableError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new HistoryUnavailableError(`${what}: ${reason}`, { cause });
}

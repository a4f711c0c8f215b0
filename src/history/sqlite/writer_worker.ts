/**
 * The writer's thread: owns the only connection that writes. Parsing facts and waiting for the disk happen
 * here, so that neither takes time from the main thread.
 */
import { Database } from 'bun:sqlite';
import { parentPort } from 'node:worker_threads';
import { systemClock } from '../../lib/clock.ts';
import { MemoryReturn } from '../../lib/memory_return.ts';
import type { FactRejection } from '../history_error.ts';
import { FactWriter } from './fact_writer.ts';
import { migrate } from './migrations.ts';
import type { Synchronous, WriterAnswer, WriterRequest } from './writer_message.ts';

/** Another process may be looking at the file (a backup, a sqlite3 shell); the outbox waits meanwhile. */
const busyTimeoutMs = 5_000;
/** Indexes by id and name are written all over: keeping their pages costs less than reading them back. */
const cacheKib = 4_096;
/** The log shrinks back to this after a burst. */
const logBytesMax = 64 * 1024 * 1024;

const port = parentPort;
if (port === null) throw new Error('writer_worker.ts is started as a Worker, not imported');

let open: { readonly db: Database; readonly writer: FactWriter } | null = null;

/** Threads collect their own garbage. */
const memory = new MemoryReturn(systemClock, () => Bun.gc(true));

port.on('message', (request: WriterRequest) => {
  port.postMessage(answerTo(request));
  if (request.kind === 'record') memory.note(request.facts.length);
});

function answerTo(request: WriterRequest): WriterAnswer {
  try {
    return { kind: 'done', rejections: serve(request) };
  } catch (error) {
    return { kind: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
}

function serve(request: WriterRequest): readonly FactRejection[] {
  switch (request.kind) {
    case 'open':
      open = openDatabase(request.path, request.synchronous);
      return [];
    case 'record':
      if (open === null) throw new Error('the history database is closed');
      return open.writer.write(request.facts);
    case 'close':
      // Statements and all: otherwise the file stays open and its log beside it.
      open?.db.close(true);
      open = null;
      return [];
  }
}

function openDatabase(
  path: string,
  synchronous: Synchronous,
): { db: Database; writer: FactWriter } {
  const db = new Database(path, { create: true, readwrite: true });
  try {
    db.run(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
    db.run('PRAGMA journal_mode = WAL');
    db.run(`PRAGMA synchronous = ${synchronous}`);
    db.run(`PRAGMA cache_size = -${cacheKib}`);
    db.run(`PRAGMA journal_size_limit = ${logBytesMax}`);
    migrate(db);
    return { db, writer: new FactWriter(db) };
  } catch (error) {
    db.close();
    throw error;
  }
}

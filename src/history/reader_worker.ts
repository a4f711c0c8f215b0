/**
 * The reader's thread: answers what may take long without holding up the main thread. Searches take turns, a piece
 * each, so that a short one does not wait for a long one.
 */
import { parentPort } from 'node:worker_threads';
import { QueryError } from './history_error.ts';
import type { ReaderAnswer, ReaderRequest, Search } from './reader_message.ts';
import { openForReading } from './sql/database.ts';
import { find } from './sql/search.ts';
import type { ReadableDatabase } from './sql/source.ts';

const port = parentPort;
if (port === null) throw new Error('reader_worker.ts is started as a Worker, not imported');

/** Searches take turns anyway, and writers need connections too. */
const connectionsMax = 1;

let database: Promise<ReadableDatabase> | null = null;
/** Searches under way that somebody waits for. The main thread bounds how many. */
const wanted = new Set<number>();

class Abandoned extends Error {}

port.on('message', (request: ReaderRequest) => {
  switch (request.kind) {
    case 'open':
      database = openForReading(request.place, connectionsMax);
      // Said to each search that needs it.
      database.catch(() => undefined);
      return;
    case 'search':
      wanted.add(request.id);
      void answer(request.id, request.search);
      return;
    case 'cancel':
      wanted.delete(request.id);
      return;
    case 'close':
      void close();
      return;
  }
});

async function answer(id: number, search: Search): Promise<void> {
  try {
    if (database === null) throw new Error('the history database is closed');
    const { source } = await database;
    const found = await find(source, search, () => breath(id));
    say({ kind: 'found', id, found });
  } catch (error) {
    if (error instanceof Abandoned) return;
    const message = error instanceof Error ? error.message : String(error);
    say({ kind: 'failed', id, isQueryError: error instanceof QueryError, message });
  } finally {
    wanted.delete(id);
  }
}

/** Messages are heard and other searches have their turn. */
async function breath(id: number): Promise<void> {
  await new Promise<void>((turn) => setImmediate(turn));
  if (!wanted.has(id)) throw new Abandoned();
}

async function close(): Promise<void> {
  wanted.clear();
  const closing = database;
  database = null;
  try {
    await (await closing)?.close();
  } catch {
    // It could not be opened, or is away: nothing is left open.
  }
  say({ kind: 'closed' });
}

function say(message: ReaderAnswer): void {
  port?.postMessage(message);
}

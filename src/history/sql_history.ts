/**
 * History in a database: a thread of its own writes, short reads are done at once, and a second thread does what may
 * take long.
 */
import type { TraceFact } from './fact.ts';
import type {
  Cutoffs,
  EventFilter,
  EventQuery,
  EventRecord,
  History,
  Pruned,
  RunFilter,
  RunPage,
  RunQuery,
  RunRecord,
} from './history.ts';
import { HistoryUnavailableError } from './history_error.ts';
import type { Reader } from './reader.ts';
import type { Found, Search } from './reader_message.ts';
import { collectFacts } from './run_facts.ts';
import { isLongWalk, readEvent, readEventsById } from './sql/event_query.ts';
import { isSmallRun, readFactPiece } from './sql/fact_query.ts';
import { readRun, readRunsOfEvents } from './sql/run_query.ts';
import { find, hasExpression } from './sql/search.ts';
import type { ReadableDatabase, SqlSource } from './sql/source.ts';
import type { Writer } from './writer.ts';

/** However many the caller asks about. */
const idsPerReadMax = 1_000;

export interface SqlHistoryParts {
  readonly writer: Writer;
  readonly reader: Reader;
  /** For short reads. */
  readonly database: ReadableDatabase;
  /** Runs when everything is closed. */
  readonly afterClose: () => void;
}

export class SqlHistory implements History {
  readonly #parts: SqlHistoryParts;
  #closed: Promise<void> | null = null;

  constructor(parts: SqlHistoryParts) {
    this.#parts = parts;
  }

  /** Throws `FactsRejectedError` when it left facts out, `HistoryUnavailableError` when it recorded none. */
  async record(facts: readonly string[]): Promise<void> {
    if (facts.length > 0) await this.#parts.writer.record(facts);
  }

  async events(query: EventQuery, signal?: AbortSignal): Promise<readonly EventRecord[]> {
    const found = await this.#search({ of: 'events', query }, signal);
    return found.of === 'events' ? found.events : mixedUp(found);
  }

  countEvents(filter: EventFilter, signal?: AbortSignal): Promise<number> {
    return this.#count({ of: 'eventCount', filter }, signal);
  }

  event(internalId: string): Promise<EventRecord | null> {
    return this.#read((db) => readEvent(db, internalId));
  }

  eventsById(internalIds: readonly string[]): Promise<readonly EventRecord[]> {
    return this.#read((db) => readEventsById(db, internalIds.slice(0, idsPerReadMax)));
  }

  runsOfEvents(internalIds: readonly string[]): Promise<ReadonlyMap<string, readonly RunRecord[]>> {
    return this.#read((db) => readRunsOfEvents(db, internalIds.slice(0, idsPerReadMax)));
  }

  async runsOfEvent(internalId: string): Promise<readonly RunRecord[]> {
    return (await this.runsOfEvents([internalId])).get(internalId) ?? [];
  }

  run(runId: string): Promise<RunRecord | null> {
    return this.#read((db) => readRun(db, runId));
  }

  async runs(query: RunQuery, signal?: AbortSignal): Promise<RunPage> {
    const found = await this.#search({ of: 'runs', query }, signal);
    return found.of === 'runs' ? found.page : mixedUp(found);
  }

  countRuns(filter: RunFilter, signal?: AbortSignal): Promise<number> {
    return this.#count({ of: 'runCount', filter }, signal);
  }

  async factsOf(runId: string): Promise<readonly TraceFact[]> {
    const isSmall = await this.#read((db) => isSmallRun(db, runId));
    if (isSmall)
      return collectFacts(runId, (place) => this.#read((db) => readFactPiece(db, runId, place)));
    return collectFacts(runId, async (place) => {
      const found = await this.#search({ of: 'facts', runId, place });
      return found.of === 'facts' ? found.piece : mixedUp(found);
    });
  }

  /** One small batch. Throws `HistoryUnavailableError`. */
  prune(cutoffs: Cutoffs): Promise<Pruned> {
    return this.#parts.writer.prune(cutoffs);
  }

  /** Waits for what is being recorded. Safe to call again. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const { writer, reader, database, afterClose } = this.#parts;
    await reader.close();
    // The writer closes last: the last connection to a SQLite file folds the log into it.
    await database.close();
    try {
      await writer.close();
    } finally {
      afterClose();
    }
  }

  async #count(search: Search, signal?: AbortSignal): Promise<number> {
    const found = await this.#search(search, signal);
    return found.of === 'count' ? found.count : mixedUp(found);
  }

  #search(search: Search, signal?: AbortSignal): Promise<Found> {
    if (this.#isLong(search)) {
      if (this.#closed !== null) return Promise.reject(closedError());
      return this.#parts.reader.search(search, signal);
    }
    if (signal?.aborted) return Promise.reject(signal.reason);
    const breath = async () => signal?.throwIfAborted();
    return this.#read((db) => {
      return find((signal && db.until?.(signal)) ?? db, search, breath);
    }, signal);
  }

  /** PostgreSQL thinks elsewhere; what SQLite thinks about, a thread has to wait for. */
  #isLong(search: Search): boolean {
    if (search.of === 'facts') return true;
    if (hasExpression('query' in search ? search.query : search.filter)) return true;
    if (this.#parts.database.source.kind === 'postgres') return false;
    return search.of !== 'events' || isLongWalk(search.query);
  }

  async #read<T>(query: (db: SqlSource) => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#closed !== null) throw closedError();
    try {
      return await query(this.#parts.database.source);
    } catch (cause) {
      if (signal?.aborted) throw signal.reason;
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new HistoryUnavailableError(`cannot read history: ${reason}`, { cause });
    }
  }
}

function closedError(): HistoryUnavailableError {
  return new HistoryUnavailableError('history has been closed');
}

function mixedUp({ of }: Found): never {
  throw new Error(`history reader: an answer to another question: ${of}`);
}

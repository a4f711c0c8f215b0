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
  RunCount,
  RunPage,
  RunQuery,
  RunRecord,
} from './history.ts';
import { HistoryUnavailableError } from './history_error.ts';
import { LargeTexts, pageWithin } from './large_texts.ts';
import type { Reader } from './reader.ts';
import type { Found, Search } from './reader_message.ts';
import { collectFacts } from './run_facts.ts';
import { isLongWalk, readEvent, readEventsById } from './sql/event_query.ts';
import { isSmallRun, readFactPiece } from './sql/fact_query.ts';
import { readRun, readRunsById, readRunsOfEvents } from './sql/run_query.ts';
import { find, hasExpression } from './sql/search.ts';
import type { ReadableDatabase, SqlSource } from './sql/source.ts';
import { readTextPiece } from './sql/stored_text.ts';
import type { Writer } from './writer.ts';

/** However many the caller asks about. */
const idsPerReadMax = 1_000;
/** Events whose runs are read at a stretch: at most 10 000 rows. */
const eventsPerStretch = 25;

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
  readonly #texts: LargeTexts;
  #closed: Promise<void> | null = null;

  constructor(parts: SqlHistoryParts) {
    this.#parts = parts;
    this.#texts = new LargeTexts({
      few: (places) => this.#read((db) => readTextPiece(db, places)),
      many: async (places, signal) => {
        const found = await this.#search({ of: 'texts', places }, signal);
        return found.of === 'texts' ? found.texts : mixedUp(found);
      },
    });
  }

  /** Throws `FactsRejectedError` when it left facts out, `HistoryUnavailableError` when it recorded none. */
  async record(facts: readonly string[]): Promise<void> {
    if (facts.length > 0) await this.#parts.writer.record(facts);
  }

  async events(query: EventQuery, signal?: AbortSignal): Promise<readonly EventRecord[]> {
    const found = await this.#search({ of: 'events', query }, signal);
    return found.of === 'events' ? this.#texts.events(found.events, signal) : mixedUp(found);
  }

  countEvents(filter: EventFilter, signal?: AbortSignal): Promise<number> {
    return this.#count({ of: 'eventCount', filter }, signal);
  }

  event(internalId: string): Promise<EventRecord | null> {
    return this.#read((db) => readEvent(db, internalId));
  }

  async eventsById(internalIds: readonly string[]): Promise<readonly EventRecord[]> {
    const ids = internalIds.slice(0, idsPerReadMax);
    return this.#texts.events(await this.#read((db) => readEventsById(db, ids)));
  }

  async runsOfEvents(
    internalIds: readonly string[],
    { withOutput }: Pick<RunQuery, 'withOutput'> = {},
  ): Promise<ReadonlyMap<string, readonly RunRecord[]>> {
    const ids = internalIds.slice(0, idsPerReadMax);
    const runs = new Map<string, readonly RunRecord[]>();
    for (let from = 0; from < ids.length; from += eventsPerStretch) {
      if (from > 0) await new Promise<void>((turn) => setImmediate(turn));
      const some = ids.slice(from, from + eventsPerStretch);
      const found = await this.#read((db) => readRunsOfEvents(db, some, withOutput));
      for (const [id, sketches] of found) runs.set(id, await this.#texts.runs(sketches));
    }
    return runs;
  }

  async runsOfEvent(
    internalId: string,
    how?: Pick<RunQuery, 'withOutput'>,
  ): Promise<readonly RunRecord[]> {
    return (await this.runsOfEvents([internalId], how)).get(internalId) ?? [];
  }

  run(runId: string): Promise<RunRecord | null> {
    return this.#read((db) => readRun(db, runId));
  }

  async outputsOf(runIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const ids = runIds.slice(0, idsPerReadMax);
    const sketches = await this.#read((db) => readRunsById(db, ids, true));
    const runs = await this.#texts.runs(sketches);
    return new Map(
      runs.flatMap(({ runId, output }) => (output === null ? [] : [[runId, output] as const])),
    );
  }

  async runs(query: RunQuery, signal?: AbortSignal): Promise<RunPage> {
    const found = await this.#search({ of: 'runs', query }, signal);
    if (found.of !== 'runs') return mixedUp(found);
    const { runs, hasMore } = pageWithin(found.page);
    return { runs: await this.#texts.runs(runs, signal), hasMore };
  }

  countRuns(filter: RunCount, signal?: AbortSignal): Promise<number> {
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
    if (search.of === 'facts' || search.of === 'texts') return true;
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

/**
 * Search over runs: walks the list in pieces and lets an expression judge each run, until the page is full. No list
 * is too long for it; whoever waits may give up between two pieces.
 */
import type { RunEndedFact } from '../fact.ts';
import type { RunFilter, RunPage, RunQuery } from '../history.ts';
import type { RunCandidate, RunSearch } from '../search/run_search.ts';
import { decodePayload, storableText } from './payload.ts';
import { chooseRunIndex, timeColumns } from './run_filter.ts';
import { type Narrowing, type RunPlace, readRunRows, runsPerPageMax } from './run_list.ts';
import { readRunsById, toTexts } from './run_query.ts';
import { numberOf, type SqlSource } from './source.ts';
import { isIn, tablesOf } from './tables.ts';

/** Runs read at once: the first are few, as most searches are answered by them. */
const pieceMin = 100;
const pieceMax = 1_000;

/** Lets others have the thread; throws when nobody waits for the search any more. */
export type Breath = () => Promise<void>;

interface ScanRow {
  readonly run_id: string;
  readonly at_ms: number | string;
  /** Null for a run of one event. */
  readonly batch_ids?: string | null;
  readonly ended_status?: RunEndedFact['status'] | null;
  readonly output?: Stored | null;
  /** Of the only event; null when there are several, or none that is kept. */
  readonly payload?: Stored | null;
}

type Stored = string | Uint8Array;

export async function searchRuns(
  db: SqlSource,
  query: RunQuery,
  search: RunSearch,
  breath: Breath,
): Promise<RunPage> {
  const limit = Math.max(0, Math.min(query.limit, runsPerPageMax));
  const found: string[] = [];
  for await (const runId of matchingRuns(db, query, search, breath)) {
    found.push(runId);
    if (found.length > limit) break;
  }
  const runs = await readRunsById(db, found.slice(0, limit));
  return { runs, hasMore: found.length > limit };
}

export async function countMatchingRuns(
  db: SqlSource,
  filter: RunFilter,
  search: RunSearch,
  breath: Breath,
): Promise<number> {
  const query = { ...filter, orderBy: filter.timeField, direction: 'desc', limit: 0 } as const;
  let count = 0;
  for await (const _ of matchingRuns(db, query, search, breath)) count += 1;
  return count;
}

/** Ids in the order of the list. */
async function* matchingRuns(
  db: SqlSource,
  query: RunQuery,
  search: RunSearch,
  breath: Breath,
): AsyncGenerator<string> {
  const index = await chooseRunIndex(db, query, query.orderBy);
  let after: RunPlace | undefined = query.after;
  let piece = pieceMin;
  for (;;) {
    const rows: readonly ScanRow[] = await readRunRows<ScanRow>(
      db,
      query,
      index,
      narrowing(db, query, search, piece, after),
    );
    const batches = search.needsEvents ? await payloadsOfBatches(db, rows) : noBatches;
    for (const row of rows) {
      if (search.matches(candidateOf(row, batches))) yield row.run_id;
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < piece) return;
    after = { atMs: numberOf(last.at_ms), runId: last.run_id };
    piece = Math.min(pieceMax, piece * 2);
    await breath();
  }
}

function narrowing(
  db: SqlSource,
  query: RunQuery,
  search: RunSearch,
  limit: number,
  after: RunPlace | undefined,
): Narrowing {
  const columns = ['run_id', `${timeColumns[query.orderBy]} AS at_ms`];
  if (search.needsOutput) columns.push('ended_status', 'output');
  if (search.needsEvents) columns.push(batchIds, onlyPayload(db));
  return {
    columns: columns.join(', '),
    limit,
    after,
    conditions: (parameters) => {
      if (search.eventNames === null) return [];
      const names = parameters.add(JSON.stringify(search.eventNames.map(storableText)));
      // A batch may have events of several names, and its run has only one of them.
      return [
        `(${isIn(db.kind, 'event_name', names)} OR batch_id IS NOT NULL OR cron IS NOT NULL)`,
      ];
    },
  };
}

/** Nothing for nearly every run. */
const batchIds = `CASE WHEN event_ids LIKE '%,%' THEN event_ids END AS batch_ids`;

/**
 * Nearly every run has one event: `["id"]`, which is found without a parser and without another query. Of an event
 * that was received twice the first counts.
 */
function onlyPayload(db: SqlSource): string {
  return `(SELECT payload FROM ${tablesOf(db).events}
    WHERE internal_id = substr(event_ids, 3, length(event_ids) - 4)
    ORDER BY received_at_ms LIMIT 1) AS payload`;
}

/** By event id: what belongs to runs of several events. */
type Batches = ReadonlyMap<string, Stored>;

const noBatches: Batches = new Map();

async function payloadsOfBatches(db: SqlSource, rows: readonly ScanRow[]): Promise<Batches> {
  const batches = rows.filter((row) => row.payload === null).map(idsOfBatch);
  const ids = new Set(batches.filter((batch) => batch.length > 1).flat());
  if (ids.size === 0) return noBatches;
  // Of an event that was received twice the first comes last, and stays.
  const events = await db.all<{ internal_id: string; payload: Stored }>(
    `SELECT internal_id, payload FROM ${tablesOf(db).events}
     WHERE ${isIn(db.kind, 'internal_id', '$1')} ORDER BY internal_id DESC, received_at_ms DESC`,
    [JSON.stringify([...ids])],
  );
  return new Map(events.map((event) => [event.internal_id, event.payload]));
}

function idsOfBatch({ batch_ids }: ScanRow): readonly string[] {
  return batch_ids === undefined || batch_ids === null ? [] : toTexts(batch_ids);
}

function candidateOf(row: ScanRow, batches: Batches): RunCandidate {
  const { output, payload, ended_status } = row;
  return {
    get payloads() {
      if (payload !== undefined && payload !== null) return [decodePayload(payload)];
      return idsOfBatch(row).flatMap((id) => {
        const found = batches.get(id);
        return found === undefined ? [] : [decodePayload(found)];
      });
    },
    get output() {
      return output === undefined || output === null ? null : decodePayload(output);
    },
    isFailed: ended_status === 'Failed' || ended_status === 'Cancelled',
  };
}

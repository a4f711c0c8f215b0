/**
 * Search over runs: walks the list in pieces and lets an expression judge each run, until the page is full. No list
 * is too long for it; whoever waits may give up between two pieces.
 */
import type { RunCount, RunQuery } from '../history.ts';
import type { RunSearch } from '../search/run_search.ts';
import { storableText } from './payload.ts';
import { candidateOf, inParts, payloadPlaces, type ScanRow } from './run_candidate.ts';
import { chooseRunIndex, timeColumns } from './run_filter.ts';
import { type Narrowing, type RunPlace, readRunRows, runsPerPageMax } from './run_list.ts';
import { type RunSketches, readRunsById } from './run_query.ts';
import { numberOf, type SqlSource } from './source.ts';
import { inlineBytesMax, inlineColumns } from './stored_text.ts';
import { isIn, tablesOf } from './tables.ts';

/** Runs read at once: the first are few, as most searches are answered by them. */
const pieceMin = 100;
const pieceMax = 1_000;

/** Lets others have the thread; throws when nobody waits for the search any more. */
export type Breath = () => Promise<void>;

export async function searchRuns(
  db: SqlSource,
  query: RunQuery,
  search: RunSearch,
  breath: Breath,
): Promise<RunSketches> {
  const limit = Math.max(0, Math.min(query.limit, runsPerPageMax));
  const found: string[] = [];
  for await (const runId of matchingRuns(db, query, search, breath)) {
    found.push(runId);
    if (found.length > limit) break;
  }
  const runs = await readRunsById(db, found.slice(0, limit), query.withOutput);
  return { runs, hasMore: found.length > limit };
}

export async function countMatchingRuns(
  db: SqlSource,
  filter: RunCount,
  search: RunSearch,
  breath: Breath,
): Promise<number> {
  const { orderBy = filter.timeField } = filter;
  const query = { ...filter, orderBy, direction: 'desc', limit: 0 } as const;
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
    const places = search.needsEvents ? await payloadPlaces(db, rows) : new Map();
    for await (const { part, large, isLarge } of inParts(db, rows, places)) {
      for (const row of part) {
        if (search.matches(candidateOf(row, places, large))) yield row.run_id;
      }
      if (isLarge) await breath();
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
  if (search.needsOutput) columns.push('ended_status', inlineColumns('output'));
  if (search.needsEvents) columns.push('event_ids', onlyPayload(db));
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

/**
 * Nearly every run has one event: `["id"]`, which is found without a parser and without another query. Of an event
 * that was received twice the first counts.
 */
function onlyPayload(db: SqlSource): string {
  return `(SELECT CASE WHEN octet_length(payload) <= ${inlineBytesMax} THEN payload END
    FROM ${tablesOf(db).events} WHERE internal_id = substr(event_ids, 3, length(event_ids) - 4)
    ORDER BY received_at_ms LIMIT 1) AS payload`;
}

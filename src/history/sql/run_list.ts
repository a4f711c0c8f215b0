/** Lists of runs in the order of a time: what the indexes answer without looking into payloads. */
import type { RunCount, RunFilter, RunQuery } from '../history.ts';
import {
  chooseRunIndex,
  ownerConditions,
  runConditions,
  timeColumns,
  windowConditions,
} from './run_filter.ts';
import { type RunRow, type RunSketches, runColumns, toRunSketches } from './run_query.ts';
import { numberOf, Parameters, type SqlSource } from './source.ts';
import { indexedBy, tablesOf } from './tables.ts';

/** However many the caller asks for. */
export const runsPerPageMax = 1_000;

export type RunPlace = NonNullable<RunQuery['after']>;

/** What narrows a list down besides its filter. */
export interface Narrowing {
  readonly columns: string;
  readonly limit: number;
  readonly after: RunPlace | undefined;
  readonly conditions: (parameters: Parameters) => readonly string[];
}

/** Rows in the order of the list; of the same time the smaller run id comes first, in either direction. */
export async function readRunRows<R>(
  db: SqlSource,
  query: RunQuery,
  index: string | null,
  narrowing: Narrowing,
): Promise<readonly R[]> {
  const parameters = new Parameters();
  const column = timeColumns[query.orderBy];
  const conditions = [
    ...runConditions(db, query, parameters),
    `${column} IS NOT NULL`,
    ...narrowing.conditions(parameters),
  ];
  const { after } = narrowing;
  if (after !== undefined) {
    const atMs = parameters.add(after.atMs);
    const runId = parameters.add(after.runId);
    const [reached, passed] = query.direction === 'desc' ? ['<=', '<'] : ['>=', '>'];
    conditions.push(
      `${column} ${reached} ${atMs} AND (${column} ${passed} ${atMs} OR run_id > ${runId})`,
    );
  }
  return db.all<R>(
    `SELECT ${narrowing.columns} FROM ${tablesOf(db).runs} ${indexedBy(db.kind, index)}
     WHERE ${conditions.join(' AND ')}
     ORDER BY ${column} ${query.direction === 'desc' ? 'DESC' : 'ASC'}, run_id ASC
     LIMIT ${parameters.add(narrowing.limit)}`,
    parameters.values,
  );
}

/** `query.query` is not looked at. */
export async function readRunPage(db: SqlSource, query: RunQuery): Promise<RunSketches> {
  const limit = Math.max(0, Math.min(query.limit, runsPerPageMax));
  const index = await chooseRunIndex(db, query, query.orderBy);
  const rows = await readRunRows<RunRow>(db, query, index, {
    columns: runColumns(query.withOutput),
    limit: limit + 1,
    after: query.after,
    conditions: () => [],
  });
  return { runs: toRunSketches(rows.slice(0, limit)), hasMore: rows.length > limit };
}

/** `filter.query` is not looked at. */
export async function countRunRows(db: SqlSource, filter: RunCount): Promise<number> {
  const covering = coveringIndex(db, filter);
  if (covering !== null) return countCovered(db, filter, covering);
  const index = await chooseRunIndex(db, filter, filter.orderBy ?? filter.timeField);
  return countWhere(db, filter, index);
}

/** An index that knows all that is asked but which runs were skipped; null when there is none. */
function coveringIndex(db: SqlSource, filter: RunCount): string | null {
  const { timeField, statuses, functionIds, appIds, eventId, isDeferred } = filter;
  const others = [statuses, eventId, isDeferred];
  const isByQueueing = timeField === 'queued' && (filter.orderBy ?? 'queued') === 'queued';
  const isPlain = isByQueueing && others.every((other) => other === undefined);
  if (db.kind !== 'sqlite' || !isPlain) return null;
  if (functionIds === undefined) return appIds === undefined ? 'runs_by_queued' : 'runs_by_app';
  return appIds === undefined ? 'runs_by_function' : null;
}

/** Counts without looking at a run; another index has those that were skipped. */
async function countCovered(db: SqlSource, filter: RunFilter, index: string): Promise<number> {
  const parameters = new Parameters();
  const conditions = [
    'scheduled_at_ms IS NOT NULL',
    ...windowConditions(filter, parameters),
    ...ownerConditions(db, filter, parameters),
  ];
  const [row] = await db.all<{ n: number }>(
    `SELECT count(*) AS n FROM ${tablesOf(db).runs} ${indexedBy(db.kind, index)}
     WHERE ${conditions.join(' AND ')}`,
    parameters.values,
  );
  const skipped = { ...filter, statuses: ['Skipped'] } as const;
  return (row?.n ?? 0) - (await countWhere(db, skipped, 'runs_ended_badly'));
}

async function countWhere(db: SqlSource, filter: RunCount, index: string | null): Promise<number> {
  const parameters = new Parameters();
  const conditions = [
    ...runConditions(db, filter, parameters),
    // As the lists do that are ordered by this time.
    `${timeColumns[filter.orderBy ?? filter.timeField]} IS NOT NULL`,
  ];
  const [row] = await db.all<{ n: number | string }>(
    `SELECT count(*) AS n FROM ${tablesOf(db).runs} ${indexedBy(db.kind, index)}
     WHERE ${conditions.join(' AND ')}`,
    parameters.values,
  );
  return numberOf(row?.n ?? 0);
}

/** Reads single runs. A run is shown once it is known what it is a run of: when its `run.scheduled` is here. */
import type { RunEndedFact, RunStatus, SkipReason } from '../fact.ts';
import type { RunRecord } from '../history.ts';
import { decodePayload, storableText } from './payload.ts';
import { numberOf, numberOrNull, type SqlSource } from './source.ts';
import { inlineColumns, Room, type Stored } from './stored_text.ts';
import { isIn, listed, tablesOf } from './tables.ts';

/** Shown of one event, which triggers each function once; what is run again may add any number. */
export const runsPerEventMax = 400;

/** Of a run that has been scheduled. */
export interface RunRow {
  readonly run_id: string;
  readonly function_id: string;
  readonly function_version: number | string;
  readonly function_slug: string;
  readonly function_name: string;
  readonly app_id: string;
  readonly app_name: string;
  readonly event_ids: string;
  readonly event_name: string;
  readonly cron: string | null;
  readonly batch_id: string | null;
  readonly original_run_id: string | null;
  readonly replay_id: string | null;
  readonly is_deferred: number;
  readonly has_ai: number | null;
  readonly links: string | null;
  readonly scheduled_at_ms: number | string;
  readonly started_at_ms: number | string | null;
  readonly ended_at_ms: number | string | null;
  readonly ended_status: RunEndedFact['status'] | null;
  readonly skip_reason: SkipReason | null;
  readonly skip_existing_run_id: string | null;
  /** Absent when it was not asked for, null when there is none or it is large. */
  readonly output?: Stored | null;
  readonly output_bytes?: number | string | null;
}

/** A run whose output may still have to be read. */
export interface RunSketch {
  readonly run: RunRecord;
  /** As it is stored; 0 when there is nothing more to read. */
  readonly outputBytes: number;
}

export interface RunSketches {
  readonly runs: readonly RunSketch[];
  readonly hasMore: boolean;
}

const plainColumns = [
  ...['run_id', 'function_id', 'function_version', 'function_slug', 'function_name', 'app_id'],
  ...['app_name', 'event_ids', 'event_name', 'cron', 'batch_id', 'original_run_id', 'replay_id'],
  ...['is_deferred', 'has_ai', 'links', 'scheduled_at_ms', 'started_at_ms', 'ended_at_ms'],
  ...['ended_status', 'skip_reason', 'skip_existing_run_id'],
];

/** What a `RunRow` is made of; `table` is a prefix. */
export function runColumns(withOutput: boolean | undefined, table = ''): string {
  const plain = plainColumns.map((column) => `${table}${column}`).join(', ');
  return withOutput === true ? `${plain}, ${inlineColumns('output', table)}` : plain;
}

export async function readRun(db: SqlSource, runId: string): Promise<RunRecord | null> {
  const [row] = await db.all<RunRow>(
    `SELECT ${runColumns(false)}, output FROM ${tablesOf(db).runs} WHERE run_id = $1 AND scheduled_at_ms IS NOT NULL`,
    [storableText(runId)],
  );
  if (row === undefined) return null;
  const { output = null } = row;
  return toRunRecord(row, output === null ? null : decodePayload(output));
}

/** In the order of the ids; those that are not known are left out. */
export async function readRunsById(
  db: SqlSource,
  runIds: readonly string[],
  withOutput: boolean | undefined,
): Promise<readonly RunSketch[]> {
  if (runIds.length === 0) return [];
  const rows = await db.all<RunRow>(
    `SELECT ${runColumns(withOutput)} FROM ${tablesOf(db).runs}
     WHERE ${isIn(db.kind, 'run_id', '$1')} AND scheduled_at_ms IS NOT NULL`,
    [JSON.stringify(runIds)],
  );
  const byId = new Map(rows.map((row) => [row.run_id, row]));
  return toRunSketches(runIds.flatMap((id) => byId.get(id) ?? []));
}

export function toRunSketches(rows: readonly RunRow[]): RunSketch[] {
  const room = new Room();
  return rows.map((row) => {
    const output = room.take(row.output);
    const outputBytes = output === null ? numberOf(row.output_bytes ?? 0) : 0;
    return { run: toRunRecord(row, output), outputBytes };
  });
}

/** Of each event the first, in the order in which they were created. */
export async function readRunsOfEvents(
  db: SqlSource,
  internalIds: readonly string[],
  withOutput: boolean | undefined,
): Promise<ReadonlyMap<string, readonly RunSketch[]>> {
  const tables = tablesOf(db);
  const byEvent = new Map<string, RunSketch[]>(internalIds.map((id) => [id, []]));
  const originals = new Map(internalIds.map((id) => [storableText(id), id]));
  const rows = await db.all<RunRow & { readonly event_id: string }>(
    `WITH wanted AS MATERIALIZED (
       SELECT id, (SELECT run_id FROM ${tables.runEvents} WHERE event_id = id
                   ORDER BY run_id LIMIT 1 OFFSET $2) AS run_id_end
       FROM (${listed(db.kind, '$1')}) AS ids
     )
     SELECT re.event_id, ${runColumns(withOutput, 'r.')} FROM wanted
     JOIN ${tables.runEvents} re
       ON re.event_id = wanted.id AND (run_id_end IS NULL OR re.run_id < run_id_end)
     JOIN ${tables.runs} r ON r.run_id = re.run_id
     WHERE r.scheduled_at_ms IS NOT NULL ORDER BY re.event_id, re.run_id`,
    [JSON.stringify([...originals.keys()]), runsPerEventMax],
  );
  for (const [index, sketch] of toRunSketches(rows).entries()) {
    const eventId = rows[index]?.event_id ?? '';
    byEvent.get(originals.get(eventId) ?? eventId)?.push(sketch);
  }
  return byEvent;
}

function toRunRecord(row: RunRow, output: string | null): RunRecord {
  return {
    runId: row.run_id,
    functionId: row.function_id,
    functionVersion: numberOf(row.function_version),
    functionSlug: row.function_slug,
    functionName: row.function_name,
    appId: row.app_id,
    appName: row.app_name,
    eventIds: toTexts(row.event_ids),
    eventName: row.event_name,
    status: statusOf(row),
    scheduledAtMs: numberOf(row.scheduled_at_ms),
    startedAtMs: numberOrNull(row.started_at_ms),
    endedAtMs: numberOrNull(row.ended_at_ms),
    output,
    cron: row.cron,
    batchId: row.batch_id,
    originalRunId: row.original_run_id,
    replayId: row.replay_id,
    isDeferred: row.is_deferred === 1,
    hasAi: row.has_ai === 1,
    links: toTexts(row.links ?? '[]'),
    skipReason: row.skip_reason,
    skipExistingRunId: row.skip_existing_run_id,
  };
}

/** A list of texts: run_rows.ts put it there. */
export function toTexts(json: string): readonly string[] {
  const [only] = onlyText.exec(json)?.slice(1) ?? [];
  return only === undefined ? JSON.parse(json) : [only];
}

/** Nearly every run has one event, whose id needs no parser. */
const onlyText = /^\["([\w-]+)"\]$/;

/** Not stored: a start that comes after the end must not bring the run back to life. */
function statusOf(row: RunRow): RunStatus {
  return row.ended_status ?? (row.started_at_ms === null ? 'Scheduled' : 'Running');
}

/** Reads single runs. A run is shown once it is known what it is a run of: when its `run.scheduled` is here. */
import type { RunEndedFact, RunStatus, SkipReason } from '../fact.ts';
import type { RunRecord } from '../history.ts';
import { decodePayload, storableText } from './payload.ts';
import { numberOf, numberOrNull, type SqlSource } from './source.ts';
import { isIn, tablesOf } from './tables.ts';

/** An event triggers each function at most once, and a server has fewer functions than this. */
const runsOfEventMax = 10_000;

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
  readonly output: string | Uint8Array | null;
}

export async function readRun(db: SqlSource, runId: string): Promise<RunRecord | null> {
  const [row] = await db.all<RunRow>(
    `SELECT * FROM ${tablesOf(db).runs} WHERE run_id = $1 AND scheduled_at_ms IS NOT NULL`,
    [storableText(runId)],
  );
  return row === undefined ? null : toRunRecord(row);
}

/** In the order of the ids; those that are not known are left out. */
export async function readRunsById(
  db: SqlSource,
  runIds: readonly string[],
): Promise<readonly RunRecord[]> {
  if (runIds.length === 0) return [];
  const rows = await db.all<RunRow>(
    `SELECT * FROM ${tablesOf(db).runs}
     WHERE ${isIn(db.kind, 'run_id', '$1')} AND scheduled_at_ms IS NOT NULL`,
    [JSON.stringify(runIds)],
  );
  const byId = new Map(rows.map((row) => [row.run_id, row]));
  return runIds.flatMap((id) => {
    const row = byId.get(id);
    return row === undefined ? [] : [toRunRecord(row)];
  });
}

/** Of each event, in the order in which they were created. */
export async function readRunsOfEvents(
  db: SqlSource,
  internalIds: readonly string[],
): Promise<ReadonlyMap<string, readonly RunRecord[]>> {
  const tables = tablesOf(db);
  const byEvent = new Map<string, RunRecord[]>(internalIds.map((id) => [id, []]));
  const originals = new Map(internalIds.map((id) => [storableText(id), id]));
  const rows = await db.all<RunRow & { readonly event_id: string }>(
    `SELECT re.event_id, r.* FROM ${tables.runEvents} re JOIN ${tables.runs} r ON r.run_id = re.run_id
     WHERE ${isIn(db.kind, 're.event_id', '$1')} AND r.scheduled_at_ms IS NOT NULL
     ORDER BY re.event_id, re.run_id LIMIT $2`,
    [JSON.stringify([...originals.keys()]), runsOfEventMax],
  );
  for (const row of rows) {
    byEvent.get(originals.get(row.event_id) ?? row.event_id)?.push(toRunRecord(row));
  }
  return byEvent;
}

export function toRunRecord(row: RunRow): RunRecord {
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
    output: row.output === null ? null : decodePayload(row.output),
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

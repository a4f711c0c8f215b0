/** Reads runs. A run is shown once it is known what it is a run of: when its `run.scheduled` is here. */
import type { Database } from 'bun:sqlite';
import type { RunEndedFact, RunStatus } from '../fact.ts';
import type { RunRecord } from '../history.ts';

/** An event triggers each function at most once, and a server has fewer functions than this. */
const runsOfEventMax = 10_000;

/** Of a run that has been scheduled. */
interface RunRow {
  readonly run_id: string;
  readonly function_id: string;
  readonly function_version: number;
  readonly function_slug: string;
  readonly app_id: string;
  readonly event_ids: string;
  readonly event_name: string;
  readonly cron: string | null;
  readonly batch_id: string | null;
  readonly original_run_id: string | null;
  readonly scheduled_at_ms: number;
  readonly started_at_ms: number | null;
  readonly ended_at_ms: number | null;
  readonly ended_status: RunEndedFact['status'] | null;
  readonly output: string | null;
}

export function readRun(db: Database, runId: string): RunRecord | null {
  const row = db
    .query<RunRow, [string]>('SELECT * FROM runs WHERE run_id = ? AND scheduled_at_ms IS NOT NULL')
    .get(runId);
  return row === null ? null : toRecord(row);
}

/** In the order in which they were created. */
export function readRunsOfEvent(db: Database, internalId: string): RunRecord[] {
  return db
    .query<RunRow, [string, number]>(
      `SELECT runs.* FROM run_events JOIN runs USING (run_id)
       WHERE event_id = ? AND scheduled_at_ms IS NOT NULL ORDER BY run_id LIMIT ?`,
    )
    .all(internalId, runsOfEventMax)
    .map(toRecord);
}

function toRecord(row: RunRow): RunRecord {
  return {
    runId: row.run_id,
    functionId: row.function_id,
    functionVersion: row.function_version,
    functionSlug: row.function_slug,
    appId: row.app_id,
    // A list of strings: FactWriter put it there.
    eventIds: JSON.parse(row.event_ids),
    eventName: row.event_name,
    status: statusOf(row),
    scheduledAtMs: row.scheduled_at_ms,
    startedAtMs: row.started_at_ms,
    endedAtMs: row.ended_at_ms,
    output: row.output,
    cron: row.cron,
    batchId: row.batch_id,
    originalRunId: row.original_run_id,
  };
}

/** Not stored: a start that comes after the end must not bring the run back to life. */
function statusOf(row: RunRow): RunStatus {
  return row.ended_status ?? (row.started_at_ms === null ? 'Scheduled' : 'Running');
}

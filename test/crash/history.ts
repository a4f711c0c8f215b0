/** Reads what servers that have ended left in their history. */
import { Database } from 'bun:sqlite';
import { join } from 'node:path';
import type { HistoryEvent, HistoryRun, HistoryStep } from './observation.ts';

interface EventRow {
  readonly internal_id: string;
  readonly name: string;
  readonly is_internal: number;
  readonly payload: string;
}

interface RunRow {
  readonly run_id: string;
  readonly function_slug: string | null;
  readonly event_ids: string | null;
  readonly ended_status: string | null;
  readonly ended_at_ms: number | null;
  readonly output: string | null;
}

interface StepRow {
  readonly run_id: string;
  readonly step_id: string;
  readonly status: string;
  readonly attempt: number;
}

export interface HistorySeen {
  readonly events: readonly HistoryEvent[];
  readonly runs: readonly HistoryRun[];
  readonly steps: readonly HistoryStep[];
}

/** `appId` is what the names of functions begin with. */
export function readHistory(dataDir: string, appId: string): HistorySeen {
  const db = new Database(join(dataDir, 'history.db'));
  try {
    const events = db
      .query<EventRow, []>('SELECT internal_id, name, is_internal, payload FROM events')
      .all();
    const runs = db
      .query<RunRow, []>(
        'SELECT run_id, function_slug, event_ids, ended_status, ended_at_ms, output FROM runs',
      )
      .all();
    const steps = db.query<StepRow, []>('SELECT run_id, step_id, status, attempt FROM steps').all();
    return {
      events: events.map(toEvent),
      runs: runs.map((row) => toRun(row, appId)),
      steps: steps.map(({ run_id, step_id, status, attempt }) => ({
        runId: run_id,
        hashedId: step_id,
        status,
        attempt,
      })),
    };
  } finally {
    db.close();
  }
}

function toEvent({ internal_id, name, is_internal, payload }: EventRow): HistoryEvent {
  // The server stores payloads with their data.
  const { data } = JSON.parse(payload) as { data: Record<string, unknown> };
  return { internalId: internal_id, name, isInternal: is_internal === 1, data };
}

/** A run without a slug is one of which only the end was told: nobody scheduled it. */
function toRun(row: RunRow, appId: string): HistoryRun {
  return {
    runId: row.run_id,
    fn: row.function_slug?.slice(appId.length + 1) ?? 'unscheduled',
    eventIds: row.event_ids === null ? [] : (JSON.parse(row.event_ids) as string[]),
    status: row.ended_status,
    output: row.output === null ? null : JSON.parse(row.output),
    endedAtMs: row.ended_at_ms,
  };
}

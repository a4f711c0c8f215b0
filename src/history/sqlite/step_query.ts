/** Reads what happened to the steps of a run. */
import type { Database } from 'bun:sqlite';
import type { StepFact, StepStatus } from '../fact.ts';

/** A run has at most 10 000 steps (http-api.md §14), nearly all with two facts. */
const factsOfRunMax = 20_000;

interface StepRow {
  readonly run_id: string;
  readonly step_id: string;
  readonly attempt: number;
  readonly status: StepStatus;
  readonly at_ms: number;
  readonly name: string;
  readonly kind: string;
  readonly started_at_ms: number | null;
  readonly duration_ms: number | null;
  readonly input: string | null;
  readonly output: string | null;
  readonly detail: string | null;
}

/** In order of time; what happened in the same millisecond in the order in which it was recorded. */
export function readSteps(db: Database, runId: string): StepFact[] {
  return db
    .query<StepRow, [string, number]>(
      'SELECT * FROM steps WHERE run_id = ? ORDER BY at_ms, rowid LIMIT ?',
    )
    .all(runId, factsOfRunMax)
    .map(toFact);
}

function toFact(row: StepRow): StepFact {
  return {
    t: 'step',
    runId: row.run_id,
    stepId: row.step_id,
    name: row.name,
    kind: row.kind,
    status: row.status,
    attempt: row.attempt,
    atMs: row.at_ms,
    ...(row.started_at_ms !== null && { startedAtMs: row.started_at_ms }),
    ...(row.duration_ms !== null && { durationMs: row.duration_ms }),
    ...(row.input !== null && { input: row.input }),
    ...(row.output !== null && { output: row.output }),
    ...(row.detail !== null && { detail: JSON.parse(row.detail) }),
  };
}

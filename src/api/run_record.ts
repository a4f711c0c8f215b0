/** A run as /v1 shows it (http-api.md §3.4), in the key order of the original. */
import { environmentId } from '../function/definition.ts';
import type { RunRecord } from '../history/history.ts';

export function runObject(run: RunRecord): Readonly<Record<string, unknown>> {
  return {
    run_id: run.runId,
    run_started_at: isoTime(run.scheduledAtMs),
    function_id: run.functionId,
    function_version: run.functionVersion,
    environment_id: environmentId,
    // The first one of a batch.
    event_id: run.eventIds[0] ?? '',
    ...(run.batchId === null ? {} : { batch_id: run.batchId }),
    ...(run.originalRunId === null ? {} : { original_run_id: run.originalRunId }),
    ...(run.cron === null ? {} : { cron: run.cron }),
    status: run.status,
    ended_at: run.endedAtMs === null ? null : isoTime(run.endedAtMs),
    ...outputOf(run),
  };
}

/** A cancelled run has no output of its own; the original shows an empty object. */
function outputOf(run: RunRecord): { readonly output?: unknown } {
  if (run.output !== null) return { output: JSON.parse(run.output) };
  return run.status === 'Cancelled' ? { output: {} } : {};
}

export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

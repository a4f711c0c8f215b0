/** A run as /v1 shows it (http-api.md §3.4), in the key order of the original. */
import { z } from 'zod';
import { environmentId } from '../function/definition.ts';
import type { RunRecord } from '../history/history.ts';

export const runSchema = z
  .object({
    run_id: z.string(),
    run_started_at: z.iso.datetime(),
    function_id: z.string(),
    function_version: z.int(),
    environment_id: z.string(),
    event_id: z.string().describe('The first one of a batch; empty for a cron.'),
    batch_id: z.string().optional(),
    original_run_id: z.string().optional(),
    cron: z.string().optional(),
    status: z.enum(['Scheduled', 'Running', 'Completed', 'Failed', 'Cancelled', 'Skipped']),
    ended_at: z.iso.datetime().nullable(),
    output: z.unknown().optional(),
  })
  .meta({ id: 'FunctionRun' });

export function runObject(run: RunRecord): z.input<typeof runSchema> {
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

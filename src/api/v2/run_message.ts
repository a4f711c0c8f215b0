/** A run as /v2 shows it (http-api.md §7.5). Lists and single runs are the same. */
import { z } from 'zod';
import type { RunRecord } from '../../history/history.ts';
import { shortSlug } from '../function_name.ts';
import { runStatus, statusName } from '../run_list.ts';
import { int64, timestamp, verbatim } from './message.ts';

export const runSchema = z
  .object({
    id: z.string(),
    function: z.object({ id: z.string(), name: z.string().optional() }),
    app: z.object({ id: z.string() }),
    status: runStatus,
    queuedAt: z.iso.datetime(),
    startedAt: z.iso.datetime().optional(),
    endedAt: z.iso.datetime().optional(),
    durationMs: z.string().describe('A 64-bit integer as text.').optional(),
    trigger: z.object({
      eventIds: z.array(z.string()).optional(),
      eventName: z.string().optional(),
      isBatch: z.boolean().optional(),
      batchId: z.string().optional(),
      cronSchedule: z.string().optional(),
    }),
    output: z
      .record(z.string(), z.unknown())
      .describe(
        'With `includeOutput`: the result, `{"data": …}` around what is no object, `{"error": …}` of a failure.',
      )
      .optional(),
    originalRunId: z.string().optional(),
    replayId: z.string().describe('The bulk rerun that the run belongs to.').optional(),
    isDeferred: z.boolean().optional(),
    skipReason: z.string().optional(),
    skipExistingRunId: z.string().optional(),
  })
  .meta({ id: 'Run' });

export function runMessage(run: RunRecord, includeOutput: boolean) {
  const appId = run.appName === '' ? run.appId : run.appName;
  const isBatch = run.batchId !== null;
  return {
    id: run.runId,
    function: { id: shortSlug(run.functionSlug, run.appName), name: run.functionName },
    app: { id: appId },
    status: statusName(run.status),
    queuedAt: timestamp(run.scheduledAtMs),
    startedAt: timestamp(run.startedAtMs),
    endedAt: timestamp(run.endedAtMs),
    durationMs: int64(durationMs(run)),
    trigger: {
      eventIds: run.cron === null ? run.eventIds : [],
      eventName: run.cron === null ? run.eventName : '',
      isBatch,
      batchId: run.batchId,
      cronSchedule: run.cron,
    },
    output: includeOutput ? outputOf(run) : undefined,
    originalRunId: run.originalRunId,
    replayId: run.replayId,
    isDeferred: run.isDeferred,
    skipReason: run.skipReason,
    skipExistingRunId: run.skipExistingRunId,
  };
}

function durationMs({ startedAtMs, endedAtMs }: RunRecord): number {
  return startedAtMs === null || endedAtMs === null ? 0 : Math.max(0, endedAtMs - startedAtMs);
}

function outputOf({ output, status }: RunRecord) {
  if (output === null) return undefined;
  const value: unknown = JSON.parse(output);
  return verbatim(status === 'Failed' ? { error: value } : objectOf(value));
}

/** Messages hold objects only. */
export function objectOf(value: unknown): object {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? value : { data: value };
}

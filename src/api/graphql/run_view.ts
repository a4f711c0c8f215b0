/**
 * Runs as the API shows them (reference/graphql.md §5.1). A run looks the same in a list and alone: it has ended when
 * it has, and only then.
 */
import type { RunStatus } from '../../history/fact.ts';
import type { RunRecord } from '../../history/history.ts';
import { isUlid, ulidTime } from '../../lib/ulid.ts';
import { traceIdOf } from '../../trace/identity.ts';
import { legacyTree } from '../../trace/legacy_tree.ts';
import { previewTree } from '../../trace/preview_tree.ts';
import { appOfRun } from './app_view.ts';
import { runReadFields } from './budget.ts';
import type { GraphqlContext } from './context.ts';
import { defersOf, parentsOf, siblingsOf } from './defer_view.ts';
import { functionOfRun } from './function_view.ts';

/** Names of `FunctionRunStatus`. */
export const runStatuses = {
  QUEUED: 'Scheduled',
  RUNNING: 'Running',
  COMPLETED: 'Completed',
  FAILED: 'Failed',
  CANCELLED: 'Cancelled',
  SKIPPED: 'Skipped',
} as const satisfies Readonly<Record<string, RunStatus>>;

export type RunStatusName = keyof typeof runStatuses;

const statusNames = new Map<RunStatus, string>(
  Object.entries(runStatuses).map(([name, status]) => [status, name]),
);

export function runView(run: RunRecord, context: GraphqlContext): object {
  const isBatch = run.batchId !== null || run.eventIds.length > 1;
  return {
    id: run.runId,
    appID: run.appId,
    app: () => appOfRun(run, context),
    functionID: run.functionId,
    function: () => functionOfRun(run, context),
    traceID: traceIdOf(run.runId),
    queuedAt: run.scheduledAtMs,
    startedAt: run.startedAtMs,
    endedAt: run.endedAtMs,
    status: statusNames.get(run.status),
    sourceID: null,
    triggerIDs: run.eventIds,
    eventName: isBatch || run.cron !== null ? null : run.eventName,
    isBatch,
    batchCreatedAt: timeOfBatch(run),
    cronSchedule: run.cron,
    output: () => outputOf(run, context),
    trace: ({ preview }: { readonly preview?: boolean | null }) =>
      runTree(run.runId, preview === true ? 'preview' : 'legacy', context),
    hasAI: run.hasAi,
    defers: () => {
      context.budget.spendFields(runReadFields);
      return defersOf(run, context);
    },
    siblingDefers: () => {
      context.budget.spendFields(runReadFields);
      return siblingsOf(run, context);
    },
    deferredFrom: () => parentsOf(run, context),
    isDeferred: run.isDeferred,
  };
}

/** Lists come without: outputs may be large, and few ask for them. */
export async function outputOf(run: RunRecord, context: GraphqlContext): Promise<string | null> {
  if (run.output !== null || run.endedAtMs === null) return run.output;
  return (await context.output(run.runId)) ?? null;
}

/** Null when no such run is known. */
export async function runTree(
  runId: string,
  form: 'preview' | 'legacy',
  context: GraphqlContext,
): Promise<object | null> {
  const trace = await context.trace(runId);
  if (trace === null) return null;
  const build = form === 'preview' ? previewTree : legacyTree;
  return context.show.span(build(trace, context.nowMs), null);
}

export function timeOfBatch({ batchId }: RunRecord): number | null {
  return batchId !== null && isUlid(batchId) ? ulidTime(batchId) : null;
}

/**
 * Opcodes that a durable endpoint reports while it answers its caller (sdk-http-protocol.md §7.5). Finished steps
 * are only kept; what has to be waited for or tried again moves the run to the queue.
 */

import { createHash } from 'node:crypto';
import { isLazy, type Opcode } from '../driver/opcode.ts';
import { canonicalJson } from '../lib/canonical_json.ts';
import type { Clock } from '../lib/clock.ts';
import { runItemId } from '../queue/item.ts';
import type { LoadedRun } from '../state/run_state.ts';
import {
  commitCheckpoint,
  commitSteps,
  type GuardedItem,
  type StepPlan,
} from '../state/step_commit.ts';
import type { Store } from '../store/store.ts';
import { edgeItem } from './edge.ts';
import { endedWith, endingWith, isReport } from './last_answer.ts';
import { opcodesMax, type RunLimits } from './limits.ts';
import { planSteps } from './plan.ts';
import type { PlanContext } from './plan_draft.ts';
import { type RunFailure, signalConflict, stateOverflow, stepOverflow } from './run_failure.ts';
import { bodyFact, opcodeFact } from './step_fact.ts';
import type { Terminator } from './terminator.ts';

export interface SyncReportParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly limits: RunLimits;
  readonly terminator: Terminator;
  readonly newId: () => string;
  /** `--retry-interval`; null for the delay of the protocol. */
  readonly retryIntervalMs: number | null;
}

export interface ReportingRun
  extends Pick<LoadedRun, 'metadata' | 'events' | 'defers' | 'stepCount'> {
  readonly runId: string;
}

/** After the first failure of a step; later ones follow the backoff table. */
const firstRetryMs = 5_000;
/** Under this id JS reports the function itself instead of a step (sdk-http-protocol.md §4.2). */
const bodyId = createHash('sha1').update('complete').digest('hex');

/** Can be repeated: what is known already changes nothing. A run that cannot go on is ended here. */
export async function commitReport(
  parts: SyncReportParts,
  run: ReportingRun,
  ops: readonly Opcode[],
): Promise<void> {
  const context = contextOf(parts, run);
  const stepsMax = parts.limits.stepsMax(run.metadata.functionId);
  if (ops.length > opcodesMax || run.stepCount >= stepsMax) {
    return failRun(parts, context, stepOverflow(stepsMax));
  }
  const last = ops.find((op) => op.op === 'RunComplete' || op.op === 'SyncRunComplete');
  if (last !== undefined) {
    const { run: ended, facts } = endedWith(context, ops);
    await parts.terminator.end(ended, null, endingWith(last, run.metadata), facts);
    return;
  }
  const reports = ops.filter(isReport);
  if (reports.length > 0 && !(await keep(parts, context, reports))) return;
  const others = ops.filter((op) => !isReport(op));
  const forcesPlan = ops.filter((op) => !isLazy(op.op)).length > 1;
  const following = { ...context, seq: run.stepCount + reports.length };
  if (others.length > 0 || forcesPlan) await goAsync(parts, following, others, forcesPlan);
}

function contextOf({ clock, newId }: SyncReportParts, run: ReportingRun): PlanContext {
  return {
    runId: run.runId,
    metadata: run.metadata,
    events: run.events,
    nowMs: clock.now(),
    attempt: 0,
    attemptsMax: run.metadata.attemptsMax,
    // The request of its caller is its first execution.
    startedAtMs: run.metadata.scheduledAtMs,
    requestVersion: run.metadata.endpoint?.requestVersion ?? 1,
    defers: run.defers,
    seq: run.stepCount,
    newEventId: newId,
  };
}

/** The app goes on by itself, so that no discovery follows. False when the run is over. */
async function keep(
  parts: SyncReportParts,
  context: PlanContext,
  reports: readonly Opcode[],
): Promise<boolean> {
  const planned = planSteps(reports, context, null);
  if (!planned.ok) {
    await failRun(parts, context, planned.failure);
    return false;
  }
  const { outputs, defers, facts } = planned.plan;
  const { functionId } = context.metadata;
  const stateBytesMax = parts.limits.stateBytesMax(functionId);
  const stepsMax = parts.limits.stepsMax(functionId);
  const { runId } = context;
  const committed = await commitCheckpoint(parts.store, {
    runId,
    itemId: '',
    generation: null,
    stateBytesMax,
    stepsMax,
    outputs,
    defers,
    facts,
  });
  if (committed === 'state_overflow') await failRun(parts, context, stateOverflow(stateBytesMax));
  if (committed === 'step_overflow') await failRun(parts, context, stepOverflow(stepsMax));
  return committed === 'saved';
}

/** From here on the queue drives the run; the first item comes back to the endpoint. */
async function goAsync(
  parts: SyncReportParts,
  context: PlanContext,
  ops: readonly Opcode[],
  forcesPlan: boolean,
): Promise<void> {
  const retried = ops.filter((op) => isRetried(op, context));
  const planned = planSteps(
    ops.filter((op) => !isRetried(op, context)),
    context,
    null,
  );
  if (!planned.ok) return failRun(parts, context, planned.failure);
  const retries = retried.map((op) => retryOf(op, context, parts.retryIntervalMs ?? firstRetryMs));
  const plan: StepPlan = {
    ...planned.plan,
    forcesPlan,
    items: [...planned.plan.items, ...retries],
  };
  const stateBytesMax = parts.limits.stateBytesMax(context.metadata.functionId);
  const { nowMs, runId } = context;
  const request = { nowMs, item: null, runId, stateBytesMax, plan };
  const committed = await commitSteps(parts.store, request);
  if (committed === 'state_overflow') return failRun(parts, context, stateOverflow(stateBytesMax));
  if (committed === 'signal_conflict') return failRun(parts, context, signalConflict());
}

function isRetried(op: Opcode, { metadata }: PlanContext): boolean {
  return op.op === 'StepError' && op.error?.noRetry !== true && metadata.attemptsMax > 1;
}

/** The failed try in the app was the first attempt of this item. */
function retryOf(op: Opcode, context: PlanContext, delayMs: number): GuardedItem {
  const { runId, nowMs, metadata } = context;
  const about = { runId, status: 'Errored', attempt: 0, nowMs } as const;
  const output = canonicalJson({ error: op.error ?? null });
  const name = metadata.functionSlug;
  return {
    openStepId: op.id,
    fact:
      op.id === bodyId
        ? bodyFact({ ...about, name, output })
        : opcodeFact(op, { ...about, output }),
    item: edgeItem(context, {
      id: runItemId(runId, 'sync-retry', op.id),
      kind: 'edge',
      atMs: nowMs + delayMs,
      nowMs,
      attemptsBefore: 1,
    }),
  };
}

async function failRun(
  { terminator }: SyncReportParts,
  run: PlanContext,
  failure: RunFailure,
): Promise<void> {
  const ending = { status: 'Failed', error: failure, output: canonicalJson(failure) } as const;
  await terminator.end(run, null, ending);
}

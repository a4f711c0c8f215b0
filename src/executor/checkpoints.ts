/**
 * Steps that apps ran by themselves: reported while a call is open (async), or by a durable endpoint whose run began
 * in the app (sync); sdk-http-protocol.md §7.
 */
import { type Opcode, parseOpcodes } from '../driver/opcode.ts';
import type { Clock } from '../lib/clock.ts';
import { loadRun } from '../state/run_state.ts';
import { commitCheckpoint } from '../state/step_commit.ts';
import type { Store } from '../store/store.ts';
import { callIdOf, groupOf } from '../trace/identity.ts';
import { itemOfToken } from './call_request.ts';
import type { RunLimits } from './limits.ts';
import { planSteps } from './plan.ts';
import { stateOverflow, stepOverflow } from './run_failure.ts';
import type { Terminator } from './terminator.ts';

export type CheckpointOutcome =
  | { readonly kind: 'saved' }
  | { readonly kind: 'rejected'; readonly status: 400 | 404 | 409 | 413; readonly message: string };

export interface AsyncCheckpoint {
  readonly runId: string;
  readonly functionId: string;
  /** `qi_id` of the call that is under way. */
  readonly queueItem: string;
  /** 0 at the first dispatch of the item, which SDKs are not told of. */
  readonly generation: number;
  readonly requestStartedAtMs: number | null;
  /** Opcodes as the SDK sent them. */
  readonly steps: unknown;
}

export interface CheckpointParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly limits: RunLimits;
  readonly terminator: Terminator;
  readonly newId: () => string;
}

/** A call younger than this is not fenced: its item may have been handed out again by the SDK's own retry. */
const fenceAgeMs = 10_000;

const saved: CheckpointOutcome = { kind: 'saved' };

export function rejected(
  status: 400 | 404 | 409 | 413,
  message: string,
): Extract<CheckpointOutcome, { kind: 'rejected' }> {
  return { kind: 'rejected', status, message };
}

/** What may be reported while the call goes on; everything else ends the call and belongs in its answer. */
const asyncOps: ReadonlySet<Opcode['op']> = new Set([
  'Step',
  'StepRun',
  'StepPlanned',
  'DeferAdd',
  'DeferAbort',
]);
const endingOps: ReadonlySet<Opcode['op']> = new Set([
  'RunComplete',
  'StepFailed',
  'SyncRunComplete',
  'None',
]);

export class AsyncCheckpoints {
  constructor(private readonly parts: CheckpointParts) {}

  async save(request: AsyncCheckpoint): Promise<CheckpointOutcome> {
    const { store, clock, limits, terminator, newId } = this.parts;
    const parsed = parseReported(request.steps);
    if (!parsed.ok) return rejected(parsed.isTooLarge ? 413 : 400, parsed.message);
    for (const { op } of parsed.ops) {
      if (endingOps.has(op)) return rejected(400, `cannot checkpoint opcode: ${op}`);
      if (!asyncOps.has(op)) return rejected(400, 'cannot checkpoint async steps');
    }
    const run = await loadRun(store, request.runId, { withSteps: false });
    if (run === null) return rejected(404, `run ${request.runId} has ended or never was`);
    const nowMs = clock.now();
    const reported = parsed.ops.filter((op) => op.op !== 'StepPlanned');
    const planned = planSteps(
      reported,
      {
        runId: request.runId,
        metadata: run.metadata,
        events: run.events,
        nowMs,
        attempt: 0,
        attemptsMax: run.metadata.attemptsMax,
        callId: callIdOfToken(request),
        requestVersion: 1,
        defers: run.defers,
        seq: run.stepCount,
        newEventId: newId,
      },
      null,
    );
    if (!planned.ok) return rejected(400, planned.failure.message);
    const { functionId } = run.metadata;
    const [stateBytesMax, stepsMax] = [
      limits.stateBytesMax(functionId),
      limits.stepsMax(functionId),
    ];
    const { outputs, defers, facts } = planned.plan;
    const committed = await commitCheckpoint(store, {
      runId: request.runId,
      itemId: itemOfToken(request.queueItem) ?? '',
      generation: fencedGeneration(request, nowMs),
      stateBytesMax,
      stepsMax,
      outputs,
      defers,
      facts,
    });
    if (committed === 'stale') {
      return rejected(
        409,
        'this call was handed out again meanwhile: stop, its answer is not wanted',
      );
    }
    if (committed === 'step_overflow') {
      // Nothing that the call still does can count: the run ends here, and the SDK is told to stop.
      await terminator.fail(request.runId, null, stepOverflow(stepsMax));
      return rejected(409, stepOverflow(stepsMax).message);
    }
    if (committed === 'gone') return rejected(404, `run ${request.runId} has ended`);
    if (committed === 'state_overflow') return rejected(413, stateOverflow(stateBytesMax).message);
    return saved;
  }
}

/** The call that is under way; undefined when the SDK names none of ours. */
function callIdOfToken({ runId, queueItem, generation }: AsyncCheckpoint): string | undefined {
  const itemId = itemOfToken(queueItem);
  return itemId === null ? undefined : callIdOf(groupOf(runId, itemId), generation);
}

/** Null where the call is not to be checked: the SDK did not say, or it has only just begun (§7.3). */
function fencedGeneration(
  request: { readonly generation: number; readonly requestStartedAtMs: number | null },
  nowMs: number,
): number | null {
  if (request.requestStartedAtMs === null) return null;
  return nowMs - request.requestStartedAtMs < fenceAgeMs ? null : request.generation;
}

export function parseReported(
  steps: unknown,
):
  | { readonly ok: true; readonly ops: readonly Opcode[] }
  | { readonly ok: false; readonly message: string; readonly isTooLarge: boolean } {
  if (Array.isArray(steps) && steps.length === 0) return { ok: true, ops: [] };
  const parsed = parseOpcodes(steps);
  if (parsed.ok) return parsed;
  const isTooLarge = parsed.message.includes('more than the');
  return { ok: false, message: `invalid request body: steps: ${parsed.message}`, isTooLarge };
}

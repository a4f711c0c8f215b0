/** What the last answer of an app says of its run: the result, and steps and defers that came with it. */
import { z } from 'zod';
import { isLazy, type Opcode } from '../driver/opcode.ts';
import type { RunMetadata } from '../state/run_metadata.ts';
import type { NewDefer } from '../state/step_commit.ts';
import { planSteps } from './plan.ts';
import type { PlanContext } from './plan_draft.ts';
import type { EndedRun, Ending } from './run_ending.ts';
import { endpointFailed } from './run_failure.ts';

/** What a durable endpoint answered its caller (sdk-http-protocol.md §7.5). */
const apiResult = z.object({ status: z.int() });
const wrappedResult = z.strictObject({ data: apiResult });

const failedStatusMin = 500;

/** The end that a RunComplete or SyncRunComplete stands for. */
export function endingWith(op: Opcode, { mode }: Pick<RunMetadata, 'mode'>): Ending {
  const output = op.dataText ?? 'null';
  if (mode === 'async') return { status: 'Completed', output };
  const isWrapped = wrappedResult.safeParse(op.data).success;
  return endpointEnding(isWrapped ? output : `{"data":${output}}`);
}

/** `output` is JSON text of `{"data": APIResult}`. */
function endpointEnding(output: string): Ending {
  const result = z.object({ data: apiResult }).safeParse(JSON.parse(output));
  if (!result.success || result.data.data.status < failedStatusMin) {
    return { status: 'Completed', output };
  }
  return { status: 'Failed', output, error: endpointFailed(result.data.data.status) };
}

/** `ops` came with the end: defers still count; they and finished steps are told to history and need not be kept. */
export function endedWith(
  context: PlanContext,
  ops: readonly Opcode[],
): { readonly run: EndedRun; readonly facts: readonly string[] } {
  const { runId, metadata, events } = context;
  const planned = planSteps(ops.filter(isReport), context, null);
  const { defers, outputs } = planned.ok ? planned.plan : { defers: [], outputs: [] };
  const added = newDefers(context, defers);
  return {
    run: {
      runId,
      metadata,
      events,
      startedAtMs: context.startedAtMs,
      defers: [...context.defers, ...added.map(({ stepId, record }) => [stepId, record] as const)],
    },
    facts: [...outputs, ...added].map(({ fact }) => fact),
  };
}

/** The first record of a step counts, as it does in the scripts that keep them. */
function newDefers(context: PlanContext, defers: readonly NewDefer[]): readonly NewDefer[] {
  const first = new Map(defers.toReversed().map((defer) => [defer.stepId, defer]));
  for (const [stepId] of context.defers) first.delete(stepId);
  return defers.filter((defer) => first.get(defer.stepId) === defer);
}

/** Steps that the app has finished, and what it only wants recorded: nothing follows from them by itself. */
export function isReport({ op }: Opcode): boolean {
  return isLazy(op) || op === 'StepRun' || op === 'Step';
}

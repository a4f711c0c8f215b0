/**
 * From an SDK's opcodes to what is to be stored: pure. The plan is carried out by one script
 * (design §5; sdk-http-protocol.md §4.3–§4.5).
 */
import { isLazy, isPlanType, type Opcode } from '../driver/opcode.ts';
import type { StepPlan } from '../state/step_commit.ts';
import { edgeItem } from './edge.ts';
import { planDefer } from './opcodes/defer.ts';
import { planDiscovery } from './opcodes/discovery_request.ts';
import { planGateway } from './opcodes/gateway.ts';
import { planInvoke } from './opcodes/invoke.ts';
import { planSleep } from './opcodes/sleep.ts';
import { planStep } from './opcodes/step.ts';
import { planStepPlanned } from './opcodes/step_planned.ts';
import { planWaitForEvent } from './opcodes/wait_for_event.ts';
import { planWaitForSignal } from './opcodes/wait_for_signal.ts';
import type { OpcodePlanner, PlanContext, PlanDraft } from './plan_draft.ts';
import type { RunFailure } from './run_failure.ts';

const planners: Readonly<Record<Opcode['op'], OpcodePlanner>> = {
  None: () => null,
  Step: planStep,
  StepRun: planStep,
  StepError: planStep,
  StepFailed: planStep,
  StepPlanned: planStepPlanned,
  Sleep: planSleep,
  WaitForEvent: planWaitForEvent,
  WaitForSignal: planWaitForSignal,
  InvokeFunction: planInvoke,
  AIGateway: planGateway,
  Gateway: planGateway,
  DiscoveryRequest: planDiscovery,
  DeferAdd: planDefer,
  DeferAbort: planDefer,
  // These end the run; the caller deals with them before it plans.
  RunComplete: () => null,
  SyncRunComplete: () => null,
};

export type Planned =
  | { readonly ok: true; readonly plan: StepPlan }
  | { readonly ok: false; readonly failure: RunFailure };

/** `answeredVersion` is stored with the run's first opcodes. */
export function planSteps(
  ops: readonly Opcode[],
  context: PlanContext,
  answeredVersion: number | null,
): Planned {
  const draft: PlanDraft = { outputs: [], items: [], waits: [], defers: [], facts: [] };
  for (const [index, op] of ops.entries()) {
    const seq = (context.seq ?? 0) + index;
    const failure = planners[op.op](op, { ...context, seq }, draft);
    if (failure !== null) return { ok: false, failure };
  }
  const steps = ops.filter((op) => !isLazy(op.op));
  const isParallel = steps.length > 1;
  return {
    ok: true,
    plan: {
      ...draft,
      requestVersion: answeredVersion,
      forcesPlan: isParallel,
      group: isParallel && context.requestVersion >= 2 ? groupOf(steps) : [],
      discovery: edgeItem(context, {
        id: '',
        kind: 'edge',
        atMs: context.nowMs,
        nowMs: context.nowMs,
      }),
    },
  };
}

/**
 * Steps that share one discovery. Steps in race mode are not among them: each looks for what follows by itself,
 * and code behind the race must not wait for the slower ones.
 */
function groupOf(steps: readonly Opcode[]): string[] {
  if (!steps.some((op) => isPlanType(op.op))) return [];
  return steps.filter((op) => op.parallelMode !== 'race' && op.op !== 'None').map((op) => op.id);
}

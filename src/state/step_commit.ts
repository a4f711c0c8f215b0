/** Commits what an answer of the SDK means for its run (lua/step_commit.lua, lua/checkpoint_commit.lua). */
import { type NewPause, pauseArgs } from '../pause/pause.ts';
import { itemArgs, itemListArgs, type NewItem } from '../queue/item.ts';
import { asNumber } from '../store/reply_shape.ts';
import type { Store } from '../store/store.ts';

export interface StepOutput {
  readonly stepId: string;
  /** JSON text as it is memoized. */
  readonly output: string;
  readonly parallelMode: string;
  readonly fact: string;
}

export interface GuardedItem {
  /** The item is queued only while this step has no output; '' queues it in any case. */
  readonly openStepId: string;
  readonly fact: string;
  readonly item: NewItem;
}

export interface NewWait {
  readonly pause: NewPause;
  readonly timeout: NewItem;
  /** What to do when another run waits for the same signal. */
  readonly conflict: '' | 'fail' | 'replace';
  readonly fact: string;
  /** Queued with the wait: the event of an invoke. */
  readonly items: readonly NewItem[];
  /** What history hears of those items. */
  readonly itemFacts?: readonly string[];
}

export interface NewDefer {
  readonly stepId: string;
  /** JSON text. */
  readonly record: string;
  readonly fact: string;
}

export interface StepPlan {
  /** Kept when the run's version is not known yet. */
  readonly requestVersion: number | null;
  /** The SDK must plan steps instead of running them in line from now on. */
  readonly forcesPlan: boolean;
  /** Members of a parallel group that gets one discovery when the last is done. */
  readonly group: readonly string[];
  readonly outputs: readonly StepOutput[];
  /** Queued when one is due; its id is chosen by the script. */
  readonly discovery: NewItem;
  readonly items: readonly GuardedItem[];
  readonly waits: readonly NewWait[];
  readonly defers: readonly NewDefer[];
  readonly facts: readonly string[];
}

export type CommitOutcome =
  | 'done'
  | 'continued'
  | 'gone'
  | 'lease_lost'
  | 'state_overflow'
  | 'signal_conflict'
  | 'stalled';

const commitOutcomes: Record<number, CommitOutcome> = {
  1: 'done',
  2: 'continued',
  0: 'gone',
  [-1]: 'lease_lost',
  [-2]: 'state_overflow',
  [-3]: 'signal_conflict',
  [-4]: 'stalled',
};

export interface CommitRequest {
  readonly nowMs: number;
  /** The item that was worked on and goes with the commit; null for a durable endpoint's report. */
  readonly item: { readonly id: string; readonly leaseToken: string } | null;
  readonly runId: string;
  readonly stateBytesMax: number;
  readonly plan: StepPlan;
}

export async function commitSteps(store: Store, request: CommitRequest): Promise<CommitOutcome> {
  const { item, plan } = request;
  const code = await store.run('step_commit', [
    request.nowMs,
    item?.id ?? '',
    item?.leaseToken ?? '',
    request.runId,
    plan.requestVersion ?? '',
    plan.forcesPlan ? 1 : 0,
    request.stateBytesMax,
    plan.group.length,
    ...plan.group,
    plan.outputs.length,
    ...plan.outputs.flatMap((o) => [o.stepId, o.output, o.parallelMode, o.fact]),
    ...itemArgs(plan.discovery),
    plan.items.length,
    ...plan.items.flatMap((g) => [g.openStepId, g.fact, ...itemArgs(g.item)]),
    plan.waits.length,
    ...plan.waits.flatMap(waitArgs),
    plan.defers.length,
    ...plan.defers.flatMap((d) => [d.stepId, d.record, d.fact]),
    plan.facts.length,
    ...plan.facts,
  ]);
  return commitOutcomes[asNumber(code)] ?? 'gone';
}

function waitArgs(wait: NewWait): (string | number)[] {
  return [
    ...pauseArgs(wait.pause),
    ...itemArgs(wait.timeout),
    wait.conflict,
    wait.fact,
    ...itemListArgs(wait.items),
    wait.itemFacts?.length ?? 0,
    ...(wait.itemFacts ?? []),
  ];
}

export type CheckpointCommit = 'saved' | 'gone' | 'stale' | 'state_overflow' | 'step_overflow';

const checkpointOutcomes: Record<number, CheckpointCommit> = {
  1: 'saved',
  0: 'gone',
  [-1]: 'stale',
  [-2]: 'state_overflow',
  [-3]: 'step_overflow',
};

/** Saves steps while the call that ran them is still open. `generation` null: not checked. */
export async function commitCheckpoint(
  store: Store,
  request: {
    readonly runId: string;
    readonly itemId: string;
    readonly generation: number | null;
    readonly stateBytesMax: number;
    readonly stepsMax: number;
    readonly outputs: readonly StepOutput[];
    readonly defers: readonly NewDefer[];
    readonly facts: readonly string[];
  },
): Promise<CheckpointCommit> {
  const code = await store.run('checkpoint_commit', [
    request.runId,
    request.itemId,
    request.generation ?? -1,
    request.stateBytesMax,
    request.stepsMax,
    request.outputs.length,
    ...request.outputs.flatMap((o) => [o.stepId, o.output, o.fact]),
    request.defers.length,
    ...request.defers.flatMap((d) => [d.stepId, d.record, d.fact]),
    request.facts.length,
    ...request.facts,
  ]);
  return checkpointOutcomes[asNumber(code)] ?? 'gone';
}

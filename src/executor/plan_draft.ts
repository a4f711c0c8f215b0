/** A plan that is being written, and what the opcodes' parts are written from. */
import type { Opcode } from '../driver/opcode.ts';
import type { StepPlan } from '../state/step_commit.ts';
import type { RunWork } from './edge.ts';
import type { RunFailure } from './run_failure.ts';

export interface PlanContext extends RunWork {
  /** JSON array text of the triggering events. */
  readonly events: string;
  readonly nowMs: number;
  /** 0-based attempt of the item that was worked on. */
  readonly attempt: number;
  readonly attemptsMax: number;
  /** Of the run's first execution. */
  readonly startedAtMs?: number | null;
  /** The call whose answer this is; absent for what is reported outside of one. */
  readonly callId?: string;
  /** The SDK's version of the protocol; 1 when it did not say. */
  readonly requestVersion: number;
  readonly defers: readonly (readonly [string, string])[];
  /**
   * Place of the facts in history: how many steps of the run had finished before, from which the plan counts on, so
   * that reports of the same millisecond follow each other.
   */
  readonly seq?: number;
  readonly newEventId: () => string;
}

/** What history hears of every step of this answer. */
export function factBase({ runId, callId, nowMs, seq }: PlanContext): {
  readonly runId: string;
  readonly callId?: string;
  readonly nowMs: number;
  readonly seq?: number;
} {
  return { runId, callId, nowMs, seq };
}

/** A StepPlan that is being written; each opcode adds its part. */
export interface PlanDraft {
  readonly outputs: StepPlan['outputs'][number][];
  readonly items: StepPlan['items'][number][];
  readonly waits: StepPlan['waits'][number][];
  readonly defers: StepPlan['defers'][number][];
  readonly facts: string[];
}

/** Writes an opcode's part; a failure ends the run. */
export type OpcodePlanner = (
  op: Opcode,
  context: PlanContext,
  draft: PlanDraft,
) => RunFailure | null;

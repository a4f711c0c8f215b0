/**
 * Facts: what the transitions tell history. A fact is written to the outbox by the same script that changes
 * the state, so history can be late but never wrong. Recording a fact twice changes nothing.
 * Facts travel as JSON text; times are milliseconds since 1970.
 */

export type RunStatus = 'Scheduled' | 'Running' | 'Completed' | 'Failed' | 'Cancelled' | 'Skipped';

export interface EventFact {
  readonly t: 'event';
  readonly internalId: string;
  readonly receivedAtMs: number;
  /** The payload as canonical JSON text. */
  readonly payload: string;
}

export interface RunScheduledFact {
  readonly t: 'run.scheduled';
  readonly runId: string;
  readonly functionId: string;
  readonly functionVersion: number;
  readonly functionSlug: string;
  readonly appId: string;
  readonly eventIds: readonly string[];
  readonly eventName: string;
  readonly atMs: number;
  readonly cron?: string;
  readonly batchId?: string;
  readonly originalRunId?: string;
}

export interface RunStartedFact {
  readonly t: 'run.started';
  readonly runId: string;
  readonly atMs: number;
}

export interface RunEndedFact {
  readonly t: 'run.ended';
  readonly runId: string;
  readonly atMs: number;
  readonly status: Exclude<RunStatus, 'Scheduled' | 'Running'>;
  /** Result or error as JSON text; absent when there is none. */
  readonly output?: string;
}

export type StepStatus =
  | 'Queued'
  | 'Running'
  | 'Sleeping'
  | 'Waiting'
  | 'Invoking'
  | 'Completed'
  | 'Errored'
  | 'Failed'
  | 'TimedOut'
  | 'Cancelled';

/** One thing that happened to a step, or to the function body when `stepId` is `step`. */
export interface StepFact {
  readonly t: 'step';
  readonly runId: string;
  /** Hashed step id; `step` for the function body. */
  readonly stepId: string;
  readonly name: string;
  /** run, sleep, waitForEvent, waitForSignal, invoke, aiInfer, fetch, function … (execution.md §22 StepType). */
  readonly kind: string;
  readonly status: StepStatus;
  readonly attempt: number;
  readonly atMs: number;
  readonly startedAtMs?: number;
  readonly durationMs?: number;
  /** JSON text. */
  readonly input?: string;
  readonly output?: string;
  /** Event name, signal, invoked function, wake time: what the step waits for. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

export type Fact = EventFact | RunScheduledFact | RunStartedFact | RunEndedFact | StepFact;

/** A fact as it goes through the outbox. */
export function factText(fact: Fact): string {
  return JSON.stringify(fact);
}

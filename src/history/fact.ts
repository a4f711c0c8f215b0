/**
 * Facts: what the transitions tell history. A fact is written to the outbox by the same script that changes
 * the state, so history can be late but never wrong. Recording a fact twice changes nothing.
 * Facts travel as JSON text; times are milliseconds since 1970.
 */

export type RunStatus = 'Scheduled' | 'Running' | 'Completed' | 'Failed' | 'Cancelled' | 'Skipped';

/** Why a run was recorded without being created (observability-ui.md §7.3). */
export type SkipReason =
  | 'FunctionPaused'
  | 'Singleton'
  | 'FunctionDrained'
  | 'FunctionBacklogSizeLimitHit';

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
  /** As people call it; absent in facts of older servers. */
  readonly functionName?: string;
  readonly appId: string;
  readonly appName?: string;
  readonly eventIds: readonly string[];
  readonly eventName: string;
  readonly atMs: number;
  readonly cron?: string;
  readonly batchId?: string;
  readonly originalRunId?: string;
  /** The bulk rerun that this run belongs to. */
  readonly replayId?: string;
  /** The run was started by a defer of another one. */
  readonly isDeferred?: boolean;
  /** Traceparents of what led to this run: of the events' senders and of the step that invoked it. */
  readonly links?: readonly string[];
}

export interface RunStartedFact {
  readonly t: 'run.started';
  readonly runId: string;
  readonly atMs: number;
  readonly functionSlug?: string;
}

export interface RunEndedFact {
  readonly t: 'run.ended';
  readonly runId: string;
  readonly atMs: number;
  readonly status: Exclude<RunStatus, 'Scheduled' | 'Running'>;
  /** Result or error as JSON text; absent when there is none. */
  readonly output?: string;
  readonly functionSlug?: string;
  readonly functionId?: string;
  readonly appId?: string;
  readonly scheduledAtMs?: number;
  readonly startedAtMs?: number;
  readonly skipReason?: SkipReason;
  /** Of a run skipped by a singleton: the run that was there first. */
  readonly skipExistingRunId?: string;
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
  /** Hashed step id; `step` for the function body (older servers only: calls say it now). */
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
  /** Event name, signal, invoked function, wake time: what the step waits for (see `detailOf` in trace/). */
  readonly detail?: Readonly<Record<string, unknown>>;
  /** The opcode's name: Step, StepRun, StepError, StepPlanned, Sleep, WaitForEvent … */
  readonly op?: string;
  /** The call whose answer said so (`callIdOf`); absent for what happened outside a call. */
  readonly callId?: string;
  /** Attempts at most, where the step has attempts of its own. */
  readonly attemptsMax?: number;
  /** Place among the run's facts of the same millisecond: as the app reported them. */
  readonly seq?: number;
}

/**
 * A request to the app. Calls of one queue item share `group`: they are attempts at the same work.
 * A call that never ends was lost with the server that made it; a later one of its group took its place.
 */
interface CallFact {
  readonly runId: string;
  /** `<group>#<generation>`: generations rise with every time the item is handed out. */
  readonly callId: string;
  /** The queue item without the run's id: `start`, `next:<step>`, `plan:<step>`, `sleep:<step>` … */
  readonly group: string;
  /** From 0. */
  readonly attempt: number;
  readonly attemptsMax: number;
  readonly functionSlug: string;
  /** A planned step that this call is for; absent for a discovery. */
  readonly stepId?: string;
  readonly stepName?: string;
  /** When the item was due; what lies between that and the call is the server's delay. */
  readonly dueAtMs: number;
}

export interface CallStartedFact extends CallFact {
  readonly t: 'call.started';
  readonly atMs: number;
}

export interface CallEndedFact extends CallFact {
  readonly t: 'call.ended';
  readonly atMs: number;
  readonly startedAtMs: number;
  /** What the app answered with: opcodes, the function's result, or a failure. */
  readonly outcome: 'steps' | 'result' | 'error';
  /** Of an error: no further attempt follows. */
  readonly isFinal?: boolean;
  readonly requestId: string;
  /** Without user, password and query. */
  readonly url: string;
  /** HTTP status; absent when nobody answered. */
  readonly statusCode?: number;
  /** Of the answer, without those that are secret. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly responseBytes?: number;
  readonly ops?: readonly { readonly op: string; readonly id: string; readonly name: string }[];
  /** Of an error: what went wrong, as JSON text. */
  readonly output?: string;
}

/** A span of the user's own code (observability-ui.md §8). */
export interface UserlandSpanFact {
  readonly t: 'userland';
  readonly runId: string;
  /** Hex, 16 digits. */
  readonly spanId: string;
  /** Hex, 32 digits: as the app's tracer chose it. */
  readonly traceId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  /** INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER or UNSPECIFIED. */
  readonly kind: string;
  readonly status: 'Unset' | 'Ok' | 'Error';
  readonly atMs: number;
  readonly durationMs: number;
  readonly serviceName?: string;
  readonly scopeName?: string;
  readonly scopeVersion?: string;
  /** JSON object texts. */
  readonly attributes: string;
  readonly resourceAttributes: string;
  /** The step and attempt in which it ran, where the SDK said so: hashed id. */
  readonly stepId?: string;
  readonly attempt?: number;
}

/** What a run has put off until its end (execution.md §11.7); the first of a status counts. */
export interface DeferFact {
  readonly t: 'defer';
  readonly runId: string;
  /** Hashed id of the defer; of an abort: of the one that is called off. */
  readonly deferId: string;
  /** As the app calls it; empty where it did not say. */
  readonly name: string;
  readonly functionSlug: string;
  readonly status: 'Scheduled' | 'Aborted' | 'Rejected';
  /** Of a rejection: the limit that it broke. */
  readonly reason?: string;
  readonly atMs: number;
}

/** What users and SDKs write onto a run (observability-ui.md §7.5). Applied in the order of `id`. */
export interface MetadataFact {
  readonly t: 'metadata';
  /** ULID. */
  readonly id: string;
  readonly runId: string;
  readonly atMs: number;
  readonly scope: 'run' | 'step' | 'step_attempt' | 'extended_trace';
  /** Hashed. */
  readonly stepId?: string;
  readonly attempt?: number;
  readonly spanId?: string;
  readonly kind: string;
  readonly op: 'merge' | 'set' | 'delete' | 'add';
  /** JSON object text. */
  readonly values: string;
}

/** What is kept of a run besides its row. */
export type TraceFact =
  | StepFact
  | CallStartedFact
  | CallEndedFact
  | DeferFact
  | UserlandSpanFact
  | MetadataFact;

export type Fact = EventFact | RunScheduledFact | RunStartedFact | RunEndedFact | TraceFact;

/** The step finished in another run, from which this one has its result: here it did not run. */
export function isMemoized({ detail }: Pick<StepFact, 'detail'>): boolean {
  return detail?.memoized_from !== undefined;
}

/** A fact as it goes through the outbox. */
export function factText(fact: Fact): string {
  return JSON.stringify(fact);
}

/** Whether a step asks a model, or somebody says so. */
export function isAboutAi(fact: TraceFact): boolean {
  if (fact.t === 'metadata') return fact.kind === 'inngest.ai';
  if (fact.t !== 'step') return false;
  return fact.kind === 'aiInfer' || fact.kind === 'aiWrap' || fact.op === 'AIGateway';
}

/**
 * What the HTTP doors need from the rooms below. The composition root hands these in. What is away throws
 * `StoreUnavailableError` (doors answer 503 with Retry-After); every answer waits for `settled` in one place, app.ts.
 */
import type { ReceivedEvent } from '../event/event.ts';
import type { BulkRequest } from '../executor/bulk_operations.ts';
import type { BulkKind, BulkOperation } from '../executor/bulk_store.ts';
import type { AsyncCheckpoint, CheckpointOutcome } from '../executor/checkpoints.ts';
import type { SyncRunRequest } from '../executor/new_sync_run.ts';
import type { RerunOutcome } from '../executor/rerun.ts';
import type { RunJob } from '../executor/runs.ts';
import type { SyncRunOutcome } from '../executor/sync_runs.ts';
import type { AppDefinition } from '../function/definition.ts';
import type { MetadataFact, UserlandSpanFact } from '../history/fact.ts';
import type { History } from '../history/history.ts';
import type { Clock } from '../lib/clock.ts';

/** What doors say of reruns and of work on many runs, where it is made. */
export type { BulkKind, BulkOperation, BulkRequest, RerunOutcome };

export interface Intake {
  /** Stores the events and starts what they trigger. All of them or none. */
  accept(events: readonly ReceivedEvent[]): Promise<void>;
  /** True while new events must be refused (slow disk): answer 503 with Retry-After. */
  isOverloaded(): boolean;
}

export type CancelOutcome = 'cancelled' | 'ended' | 'unknown';

export interface Runs {
  cancel(runId: string): Promise<CancelOutcome>;
  jobs(runId: string): Promise<readonly RunJob[]>;
  /** Memo of the finished steps as a JSON object text (`use_api`); null when the run has no state any more. */
  actions(runId: string): Promise<string | null>;
  /** The events of a run as a JSON array text; null when the run has no state any more. */
  batch(runId: string): Promise<string | null>;
}

export interface Signals {
  /** Resumes the run that waits for the signal; null when none does. `data` is JSON text. */
  send(signal: string, data: string): Promise<{ readonly runId: string } | null>;
}

export interface Checkpoints {
  saveAsync(request: AsyncCheckpoint): Promise<CheckpointOutcome>;
  createSync(request: SyncRunRequest): Promise<SyncRunOutcome>;
  saveSync(runId: string, functionId: string, steps: unknown): Promise<CheckpointOutcome>;
  /** Resolves with the output (JSON text) once the run has ended; null when `signal` aborts first. */
  output(runId: string, signal: AbortSignal): Promise<string | null>;
}

/** Test and tuning limits per function (`/fn/step-limit`, `/fn/state-size-limit`). */
export interface FunctionLimits {
  setStepLimit(functionId: string, limit: number): void;
  removeStepLimit(functionId: string): boolean;
  setStateSizeLimit(functionId: string, limit: number): void;
  removeStateSizeLimit(functionId: string): boolean;
}

/** Whether the server can take work, for `/ready`. */
export interface Readiness {
  /** Empty when ready; otherwise each reason in words. */
  reasons(): readonly string[];
}

export interface Reruns {
  /**
   * A new run with the events of another. `fromStep`: steps that finished before it keep their results;
   * `stepId` is the plain id, the display name or the hashed id; `input` JSON array text that replaces its input.
   */
  rerun(
    runId: string,
    fromStep?: { readonly stepId: string; readonly input?: string },
  ): Promise<RerunOutcome>;
}

export interface BulkOperations {
  /** Durable once it resolves. Throws `BulkRequestError`, `TooManyBulkOperationsError`, and `QueryError` for a bad CEL. */
  start(request: BulkRequest): Promise<BulkOperation>;
  get(id: string): Promise<BulkOperation | null>;
  /** Newest first. */
  list(): Promise<readonly BulkOperation[]>;
  /** What is done stays done. Null when there is none; one that has ended stays as it is. */
  stop(id: string): Promise<BulkOperation | null>;
}

export interface FunctionPauses {
  /**
   * Paused: new events are recorded as skipped runs, runs under way wait with their next step.
   * Null when there is no such function.
   */
  pause(functionId: string): Promise<'paused' | 'paused_before' | null>;
  unpause(functionId: string): Promise<'unpaused' | 'not_paused' | null>;
  isPaused(functionId: string): boolean;
}

/** Things that are told about runs from outside: userland spans and metadata. */
export interface Annotations {
  /** Durable once it resolves. */
  add(facts: readonly (UserlandSpanFact | MetadataFact)[]): Promise<void>;
}

/** Adding and asking apps by URL. */
export interface AppSyncs {
  /** Adds the app when it is new and asks it for its functions; never rejects for what the app does. */
  sync(url: string): Promise<AppDefinition | null>;
}

/** Prometheus text. */
export interface MetricsText {
  readonly contentType: string;
  text(): Promise<string>;
  /** Told of every answer; `route` is the pattern. */
  countRequest?(method: string, route: string, status: number): void;
}

/** What `GET /dev` tells about how the server was started; nothing secret. */
export interface StartOptions {
  readonly urls: readonly string[];
  readonly isDiscoveryOn: boolean;
  readonly isPollingOn: boolean;
  readonly pollIntervalMs: number;
  /** Null: the backoff table. */
  readonly retryIntervalMs: number | null;
  readonly queueWorkers: number;
  readonly requiresKeys: boolean;
  /** What happened is known after a restart, too. */
  readonly isPersistent: boolean;
  /** No other server shares the store. */
  readonly isSingleNode: boolean;
}

export interface Services {
  readonly clock: Clock;
  readonly kind: 'dev' | 'cloud';
  readonly version: string;
  readonly signingKey: string | null;
  /** Empty in dev: any key is accepted. */
  readonly eventKeys: readonly string[];
  /** Largest body of the event API; absent: its own bound. */
  readonly eventBytesMax?: number;
  readonly intake: Intake;
  readonly runs: Runs;
  readonly signals: Signals;
  readonly checkpoints: Checkpoints;
  readonly limits: FunctionLimits;
  readonly history: History;
  readonly reruns: Reruns;
  readonly bulk: BulkOperations;
  readonly pauses: FunctionPauses;
  readonly annotations: Annotations;
  readonly appSyncs: AppSyncs;
  readonly metrics: MetricsText;
  readonly readiness: Readiness;
  /** Absent: `/dev` tells none. */
  readonly startOptions?: StartOptions;
  /** Resolves when what happened so far is durable: no answer leaves before. */
  readonly settled: () => Promise<void>;
}

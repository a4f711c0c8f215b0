/**
 * What the HTTP doors need from the rooms below. The composition root hands these in; every method that
 * changes something resolves only when the change is durable, and throws `StoreUnavailableError` when it
 * cannot be made so (doors answer 503 with Retry-After).
 */
import type { ReceivedEvent } from '../event/event.ts';
import type { History } from '../history/history.ts';
import type { Clock } from '../lib/clock.ts';

export interface Intake {
  /** Stores the events and starts what they trigger. All of them or none. */
  accept(events: readonly ReceivedEvent[]): Promise<void>;
  /** True while new events must be refused (slow disk): answer 503 with Retry-After. */
  isOverloaded(): boolean;
}

export type CancelOutcome = 'cancelled' | 'ended' | 'unknown';

/** One queue item of a run, for `GET /v1/runs/{id}/jobs`. */
export interface Job {
  readonly jobId: string;
  readonly kind: string;
  readonly atMs: number;
  readonly attempt: number;
  readonly isRunning: boolean;
}

export interface Runs {
  cancel(runId: string): Promise<CancelOutcome>;
  jobs(runId: string): Promise<readonly Job[]>;
  /** Memo of the finished steps as a JSON object text (`use_api`); null when the run has no state any more. */
  actions(runId: string): Promise<string | null>;
  /** The events of a run as a JSON array text; null when the run has no state any more. */
  batch(runId: string): Promise<string | null>;
}

export interface Signals {
  /** Resumes the run that waits for the signal; null when none does. `data` is JSON text. */
  send(signal: string, data: string): Promise<{ readonly runId: string } | null>;
}

export type CheckpointOutcome =
  | { readonly kind: 'saved' }
  | { readonly kind: 'rejected'; readonly status: 400 | 404 | 409 | 413; readonly message: string };

export interface AsyncCheckpoint {
  readonly runId: string;
  readonly functionId: string;
  /** `qi_id` of the call that is under way. */
  readonly queueItem: string;
  readonly generation: number;
  readonly requestStartedAtMs: number | null;
  /** Opcodes as the SDK sent them; the service parses them. */
  readonly steps: unknown;
}

/** Creation of a durable-endpoint run (sdk-http-protocol.md §7.4). */
export interface SyncRunRequest {
  readonly runId: string;
  readonly event: {
    readonly name: string;
    readonly data: Readonly<Record<string, unknown>>;
    readonly ts?: number;
  };
  readonly steps: unknown;
  readonly requestVersion: number;
  readonly retries: number;
  readonly idempotency?: string;
}

export type SyncRunOutcome =
  | {
      readonly kind: 'created';
      readonly functionId: string;
      readonly appId: string;
      readonly runId: string;
    }
  | { readonly kind: 'rejected'; readonly status: 400 | 409 | 413 | 429; readonly message: string };

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

export interface Services {
  readonly clock: Clock;
  readonly kind: 'dev' | 'cloud';
  readonly version: string;
  readonly signingKey: string | null;
  /** Empty in dev: any key is accepted. */
  readonly eventKeys: readonly string[];
  readonly intake: Intake;
  readonly runs: Runs;
  readonly signals: Signals;
  readonly checkpoints: Checkpoints;
  readonly limits: FunctionLimits;
  readonly history: History;
  readonly readiness: Readiness;
}

/**
 * What the HTTP doors need from the rooms below. The composition root hands these in. What is away throws
 * `StoreUnavailableError` (doors answer 503 with Retry-After); every answer waits for `settled` in one place, app.ts.
 */
import type { ReceivedEvent } from '../event/event.ts';
import type { AsyncCheckpoint, CheckpointOutcome } from '../executor/checkpoints.ts';
import type { SyncRunRequest } from '../executor/new_sync_run.ts';
import type { RunJob } from '../executor/runs.ts';
import type { SyncRunOutcome } from '../executor/sync_runs.ts';
import type { History } from '../history/history.ts';
import type { Clock } from '../lib/clock.ts';

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
  /** Resolves when what happened so far is durable: no answer leaves before. */
  readonly settled: () => Promise<void>;
}

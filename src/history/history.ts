/**
 * The seam to what people see afterwards: events, runs and steps, kept apart from the store. Doors read it;
 * the outbox pump writes it.
 */
import type { RunStatus, StepFact } from './fact.ts';

export interface EventRecord {
  readonly internalId: string;
  readonly receivedAtMs: number;
  /** Canonical JSON text of the payload. */
  readonly payload: string;
  readonly name: string;
}

export interface RunRecord {
  readonly runId: string;
  readonly functionId: string;
  readonly functionVersion: number;
  readonly functionSlug: string;
  readonly appId: string;
  readonly eventIds: readonly string[];
  readonly eventName: string;
  readonly status: RunStatus;
  readonly scheduledAtMs: number;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  readonly output: string | null;
  readonly cron: string | null;
  readonly batchId: string | null;
  readonly originalRunId: string | null;
}

export interface EventFilter {
  readonly limit: number;
  /** Only internal ids strictly below this one. */
  readonly before?: string;
  readonly name?: string;
  readonly receivedAfterMs?: number;
  readonly receivedBeforeMs?: number;
  readonly includeInternal?: boolean;
}

export interface History {
  /** Records facts (JSON text each) in order; resolves when they are on disk. Repeats change nothing. */
  record(facts: readonly string[]): Promise<void>;
  events(filter: EventFilter): Promise<readonly EventRecord[]>;
  event(internalId: string): Promise<EventRecord | null>;
  runsOfEvent(internalId: string): Promise<readonly RunRecord[]>;
  run(runId: string): Promise<RunRecord | null>;
  /** In order of time. */
  stepsOf(runId: string): Promise<readonly StepFact[]>;
  close(): Promise<void>;
}

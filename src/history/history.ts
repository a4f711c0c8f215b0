/**
 * The seam to what people see afterwards: events, runs and what happened in them, kept apart from the store.
 * Doors read it; the outbox pump writes it.
 */
import type { RunStatus, SkipReason, TraceFact } from './fact.ts';

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
  /** Empty when an older server recorded the run. */
  readonly functionName: string;
  readonly appId: string;
  readonly appName: string;
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
  readonly replayId: string | null;
  readonly isDeferred: boolean;
  /** A step of the run asked a model. */
  readonly hasAi: boolean;
  /** Traceparents of what led to the run. */
  readonly links: readonly string[];
  readonly skipReason: SkipReason | null;
  readonly skipExistingRunId: string | null;
}

export interface EventFilter {
  /** Any of these names; absent for all. */
  readonly names?: readonly string[];
  readonly receivedAfterMs?: number;
  readonly receivedBeforeMs?: number;
  readonly includeInternal?: boolean;
  /** CEL over `event`, one expression a line, all must hold. */
  readonly query?: string;
}

export interface EventQuery extends EventFilter {
  /** 1 to 1000. */
  readonly limit: number;
  /**
   * Only what comes after this place in the order: newest id first, and of one id (a sender may send an event again)
   * the newest receipt. An id alone stands for all its receipts.
   */
  readonly before?: string | EventPlace;
}

export type EventPlace = Pick<EventRecord, 'internalId' | 'receivedAtMs'>;

export type RunTimeField = 'queued' | 'started' | 'ended';

export interface RunFilter {
  readonly timeField: RunTimeField;
  /** Both ends count. */
  readonly fromMs?: number;
  readonly untilMs?: number;
  /** Absent: all but skipped ones. */
  readonly statuses?: readonly RunStatus[];
  readonly functionIds?: readonly string[];
  readonly appIds?: readonly string[];
  readonly eventId?: string;
  readonly isDeferred?: boolean;
  /** CEL over `event`, `output` and `error`, one expression a line, all must hold (graphql.md §7.3). */
  readonly query?: string;
}

export interface RunQuery extends RunFilter {
  /** 1 to 1000. */
  readonly limit: number;
  /** By this time, and by run id where it is the same. Runs that lack the time are left out. */
  readonly orderBy: RunTimeField;
  readonly direction: 'asc' | 'desc';
  /** Only runs that come after this place in the order. */
  readonly after?: { readonly atMs: number; readonly runId: string };
  /** Whether runs come with their outputs, which may be large; null without. */
  readonly withOutput?: boolean;
}

/** Counts what a list in this order has: runs that lack its time are not in it. `timeField` when absent. */
export interface RunCount extends RunFilter {
  readonly orderBy?: RunTimeField;
}

export interface RunPage {
  /** Fewer than asked for, although there are more, when their outputs are large. */
  readonly runs: readonly RunRecord[];
  readonly hasMore: boolean;
}

/** What goes with age: rows older than these times, in ms since 1970; null keeps them. */
export interface Cutoffs {
  readonly eventsBeforeMs: number | null;
  /** By the end of the run; runs that have not ended stay. */
  readonly runsBeforeMs: number | null;
  /** Steps, calls, userland spans and metadata of ended runs. Runs take theirs with them anyway. */
  readonly tracesBeforeMs: number | null;
}

export interface Pruned {
  readonly events: number;
  readonly runs: number;
  /** Runs whose trace went before them. */
  readonly traces: number;
  /** More is older than the cutoffs. */
  readonly hasMore: boolean;
}

export interface History {
  /** Records facts (JSON text each) in order; resolves when they are on disk. Repeats change nothing. */
  record(facts: readonly string[]): Promise<void>;
  /** Newest first. Throws `QueryError` when `query` is not one. `signal` gives a long search up. */
  events(query: EventQuery, signal?: AbortSignal): Promise<readonly EventRecord[]>;
  countEvents(filter: EventFilter, signal?: AbortSignal): Promise<number>;
  event(internalId: string): Promise<EventRecord | null>;
  /** Those of them that are known, in no particular order. 1 to 1000. */
  eventsById(internalIds: readonly string[]): Promise<readonly EventRecord[]>;
  /** Of each of these events (1 to 1000) the first 400, in the order in which they were created. */
  runsOfEvents(
    internalIds: readonly string[],
    how?: Pick<RunQuery, 'withOutput'>,
  ): Promise<ReadonlyMap<string, readonly RunRecord[]>>;
  runsOfEvent(
    internalId: string,
    how?: Pick<RunQuery, 'withOutput'>,
  ): Promise<readonly RunRecord[]>;
  run(runId: string): Promise<RunRecord | null>;
  /** By run id, of those of them (1 to 1000) that have one. */
  outputsOf(runIds: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Throws `QueryError` when `query` is not one. `signal` gives a long search up. */
  runs(query: RunQuery, signal?: AbortSignal): Promise<RunPage>;
  countRuns(filter: RunCount, signal?: AbortSignal): Promise<number>;
  /** Everything that happened in a run, in order of time. */
  factsOf(runId: string): Promise<readonly TraceFact[]>;
  /** Deletes one small batch of what is older than the cutoffs. */
  prune(cutoffs: Cutoffs): Promise<Pruned>;
  close(): Promise<void>;
}

/** What was seen of the server from outside: by the senders of events, by the app, in history, in the store. */

/** A request with events, until it was answered with 200. */
export interface Posting {
  readonly eids: readonly string[];
  readonly name: string;
  /** How often it was sent: all but the last were refused or lost their answer. */
  readonly attempts: number;
  /** Of the 200. */
  readonly internalIds: readonly string[];
  readonly acknowledgedAtMs: number;
}

/** An answer that no client should get. */
export interface Refusal {
  /** What was asked about: a run, or the key that events were sent with. */
  readonly subject: string;
  readonly answer: string;
  readonly times: number;
}

/** A call of the app. */
export interface Call {
  /** ULID that the server gave it when it had read the run's state. */
  readonly requestId: string;
  /** The time in `requestId`. */
  readonly builtAtMs: number;
  readonly receivedAtMs: number;
  readonly runId: string;
  readonly fn: string;
  readonly eid: string;
  /** Of a function with a concurrency key. */
  readonly lane: string | null;
  readonly attempt: number;
  /** Memoized results by hashed step id, as JSON text. */
  readonly memos: ReadonlyMap<string, string>;
  /** Null while it is open. */
  answeredAtMs: number | null;
}

/** A step (or the end of a function body, as `body`) that the app executed. */
export interface Execution {
  readonly requestId: string;
  readonly runId: string;
  readonly stepId: string;
  readonly attempt: number;
  /** Unique; part of the result. */
  readonly nonce: string;
  readonly atMs: number;
  readonly hasThrown: boolean;
}

/** Steps that the app reported while a call was open, and that the server called saved. */
export interface Checkpoint {
  readonly runId: string;
  readonly hashedIds: readonly string[];
  readonly savedAtMs: number;
}

export interface HistoryEvent {
  readonly internalId: string;
  readonly name: string;
  readonly isInternal: boolean;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface HistoryRun {
  readonly runId: string;
  readonly fn: string;
  readonly eventIds: readonly string[];
  readonly status: string | null;
  /** Parsed; null when there is none. */
  readonly output: unknown;
  /** Null when nobody scheduled it. */
  readonly scheduledAtMs: number | null;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
}

/** A call of the app as history tells it, once it has ended. */
export interface HistoryCall {
  readonly runId: string;
  readonly callId: string;
  readonly requestId: string;
  readonly dueAtMs: number;
  readonly startedAtMs: number;
  readonly atMs: number;
  /** The app answered. */
  readonly isAnswered: boolean;
  /** The answer was the function's result. */
  readonly isResult: boolean;
}

/** One row of a run's steps. */
export interface HistoryStep {
  readonly runId: string;
  readonly hashedId: string;
  readonly status: string;
  readonly attempt: number;
  readonly atMs: number;
}

export interface Observations {
  readonly postings: readonly Posting[];
  readonly refusals: readonly Refusal[];
  readonly calls: readonly Call[];
  readonly executions: readonly Execution[];
  readonly checkpoints: readonly Checkpoint[];
  readonly events: readonly HistoryEvent[];
  readonly runs: readonly HistoryRun[];
  readonly steps: readonly HistoryStep[];
  /** Calls as history has them. */
  readonly told: readonly HistoryCall[];
  /** Keys of the store when everything has ended, without the prefix. */
  readonly keys: readonly string[];
  /** When the server was killed; calls that it made before count against no limit any more. */
  readonly killsMs: readonly number[];
}

/** The id under which the server keeps a step. */
export function hashedId(stepId: string): string {
  return new Bun.CryptoHasher('sha1').update(stepId).digest('hex');
}

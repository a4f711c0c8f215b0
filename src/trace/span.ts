/**
 * A span as people see it: one node of a run's tree. Both trees (graphql.md §9, §10) and the RunSpan message
 * (proto/run/v2) are made of these.
 */

export type SpanStatus =
  | 'QUEUED'
  | 'RUNNING'
  | 'WAITING'
  | 'COMPLETED'
  | 'FAILED'
  | 'CANCELLED'
  | 'SKIPPED';

export type StepOp =
  | 'INVOKE'
  | 'RUN'
  | 'SLEEP'
  | 'WAIT_FOR_EVENT'
  | 'AI_GATEWAY'
  | 'WAIT_FOR_SIGNAL';

export type StepInfo =
  | { readonly kind: 'run'; readonly type: string | null }
  | { readonly kind: 'sleep'; readonly sleepUntilMs: number }
  | {
      readonly kind: 'waitForEvent';
      readonly eventName: string;
      readonly expression: string | null;
      readonly timeoutAtMs: number;
      readonly foundEventId: string | null;
      readonly isTimedOut: boolean | null;
    }
  | {
      readonly kind: 'waitForSignal';
      readonly signal: string;
      readonly timeoutAtMs: number;
      readonly isTimedOut: boolean | null;
    }
  | {
      readonly kind: 'invoke';
      readonly triggeringEventId: string;
      /** Slug of the invoked function. */
      readonly functionId: string;
      readonly timeoutAtMs: number;
      readonly returnEventId: string | null;
      readonly runId: string | null;
      readonly isTimedOut: boolean | null;
    };

export interface UserlandInfo {
  readonly spanName: string;
  readonly spanKind: string;
  readonly serviceName: string | null;
  readonly scopeName: string | null;
  readonly scopeVersion: string | null;
  /** JSON object texts. */
  readonly spanAttributes: string | null;
  readonly resourceAttributes: string | null;
}

export interface SpanMetadata {
  readonly scope: 'run' | 'step' | 'step_attempt' | 'extended_trace' | 'request';
  readonly kind: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly updatedAtMs: number;
}

export interface TraceSpan {
  /** Hex, 16 digits, or the name of a group (`steprun-…`, `exec-…`, `queued`) in the legacy tree. */
  readonly spanId: string;
  /** Hex, 32 digits. */
  readonly traceId: string;
  readonly parentSpanId: string | null;
  readonly runId: string;
  readonly appId: string;
  readonly functionId: string;
  readonly groupId: string | null;
  readonly name: string;
  readonly status: SpanStatus;
  readonly attempts: number | null;
  readonly durationMs: number | null;
  readonly isRoot: boolean;
  readonly queuedAtMs: number;
  readonly scheduledAtMs: number | null;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  /** Opaque; `readSpanOutput` finds the payload again. */
  readonly outputId: string | null;
  readonly stepOp: StepOp | null;
  /** Hashed. */
  readonly stepId: string | null;
  readonly stepInfo: StepInfo | null;
  readonly stepType: string;
  readonly userland: UserlandInfo | null;
  readonly metadata: readonly SpanMetadata[];
  readonly response: {
    readonly statusCode: number;
    readonly headers: Readonly<Record<string, readonly string[]>>;
  } | null;
  readonly skipReason: string | null;
  readonly skipExistingRunId: string | null;
  readonly children: readonly TraceSpan[];
}

/** What a span took in and gave out (graphql.md §11). */
export interface SpanOutput {
  /** JSON text of what went in. */
  readonly input: string | null;
  /** JSON text of the result. */
  readonly data: string | null;
  readonly error: {
    readonly message: string;
    readonly name: string | null;
    readonly stack: string | null;
    readonly cause: unknown;
  } | null;
}

/** What started a run (graphql.md §5.1). */
export interface RunTrigger {
  /** Null for a cron or a batch of different events. */
  readonly eventName: string | null;
  readonly eventIds: readonly string[];
  /** JSON texts `{id,name,data,ts,v?,user?}`. */
  readonly payloads: readonly string[];
  readonly atMs: number;
  readonly isBatch: boolean;
  readonly batchId: string | null;
  readonly cron: string | null;
}

/** What kind of step a span is about, and what people want to know of it (graphql.md §9.3, §9.4). */
import type { SpanStatus, StepInfo, StepOp } from './span.ts';
import type { StepStory, StepTry } from './step_story.ts';

const opsByOpcode: Readonly<Record<string, StepOp | null>> = {
  Step: 'RUN',
  StepRun: 'RUN',
  StepError: 'RUN',
  StepPlanned: 'RUN',
  // The last failed attempt of a step has none.
  StepFailed: null,
  Sleep: 'SLEEP',
  WaitForEvent: 'WAIT_FOR_EVENT',
  WaitForSignal: 'WAIT_FOR_SIGNAL',
  InvokeFunction: 'INVOKE',
  AIGateway: 'AI_GATEWAY',
  Gateway: 'AI_GATEWAY',
};

const opsByKind: Readonly<Record<string, StepOp>> = {
  sleep: 'SLEEP',
  waitForEvent: 'WAIT_FOR_EVENT',
  waitForSignal: 'WAIT_FOR_SIGNAL',
  invoke: 'INVOKE',
  aiInfer: 'AI_GATEWAY',
  fetch: 'AI_GATEWAY',
};

/** `opts.type` of the SDKs; a plain step.run has none and is called `step`. */
const runTypes: Readonly<Record<string, string>> = {
  run: 'step',
  sendEvent: 'step.sendEvent',
  sendSignal: 'step.sendSignal',
  aiWrap: 'step.ai.wrap',
  aiInfer: 'step.ai.infer',
  fetch: 'step.fetch',
  realtimePublish: 'step.realtime.publish',
  groupExperiment: 'group.experiment',
};

/** Facts of older servers have no opcode: their kind says nearly as much. */
export function stepOpOf({ kind }: Pick<StepStory, 'kind'>, op: string | null): StepOp | null {
  const fixed = opsByKind[kind];
  if (fixed !== undefined) return fixed;
  const known = op === null ? undefined : opsByOpcode[op];
  return known === undefined ? 'RUN' : known;
}

/** Null for steps that the app does not run. */
export function runTypeOf({ kind }: Pick<StepStory, 'kind'>): string | null {
  return runTypes[kind] ?? null;
}

const statuses: Readonly<Record<StepTry['status'], SpanStatus>> = {
  Queued: 'QUEUED',
  Running: 'RUNNING',
  Sleeping: 'WAITING',
  Waiting: 'WAITING',
  Invoking: 'RUNNING',
  Completed: 'COMPLETED',
  TimedOut: 'COMPLETED',
  Errored: 'FAILED',
  Failed: 'FAILED',
  Cancelled: 'CANCELLED',
};

/** An invoke whose time is over has failed: its function throws. Other waits that end so are complete. */
export function stepStatusOf({ kind }: Pick<StepStory, 'kind'>, tried: StepTry): SpanStatus {
  if (kind === 'invoke' && tried.status === 'TimedOut') return 'FAILED';
  return statuses[tried.status] ?? 'RUNNING';
}

export function hasEnded(status: SpanStatus): boolean {
  return status !== 'QUEUED' && status !== 'RUNNING' && status !== 'WAITING';
}

export function stepInfoOf(step: StepStory, tried: StepTry): StepInfo {
  const { asked, answered } = step;
  const timeoutAtMs = timeIn(asked.timeout) ?? tried.endedAtMs ?? tried.askedAtMs ?? 0;
  const isTimedOut = tried.endedAtMs === null ? null : tried.status === 'TimedOut';
  switch (step.kind) {
    case 'sleep':
      return { kind: 'sleep', sleepUntilMs: timeIn(asked.until) ?? timeoutAtMs };
    case 'waitForEvent':
      return {
        kind: 'waitForEvent',
        eventName: textIn(asked.event) ?? '',
        expression: textIn(asked.expression),
        timeoutAtMs,
        foundEventId: textIn(answered.event_id),
        isTimedOut,
      };
    case 'waitForSignal':
      return {
        kind: 'waitForSignal',
        signal: textIn(asked.signal) ?? '',
        timeoutAtMs,
        isTimedOut,
      };
    case 'invoke':
      return {
        kind: 'invoke',
        triggeringEventId: textIn(asked.event_id) ?? '',
        functionId: textIn(asked.function_id) ?? '',
        timeoutAtMs,
        returnEventId: textIn(answered.event_id),
        runId: textIn(answered.run_id),
        isTimedOut,
      };
    default:
      return { kind: 'run', type: runTypeOf(step) };
  }
}

function textIn(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function timeIn(value: unknown): number | null {
  const atMs = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(atMs) ? null : atMs;
}

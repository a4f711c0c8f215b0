/** What history hears of steps. */
import type { Opcode } from '../driver/opcode.ts';
import { factText, type StepFact, type StepStatus } from '../history/fact.ts';

/** StepType by `opts.type` (execution.md §22). */
const kindsByType: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'step.run': 'run',
    'step.sendEvent': 'sendEvent',
    'step.sendSignal': 'sendSignal',
    'step.ai.wrap': 'aiWrap',
    'step.ai.infer': 'aiInfer',
    'step.fetch': 'fetch',
    'step.realtime.publish': 'realtimePublish',
    'group.experiment': 'groupExperiment',
  }),
);

const kindsByOp: Readonly<Partial<Record<Opcode['op'], string>>> = {
  Sleep: 'sleep',
  WaitForEvent: 'waitForEvent',
  WaitForSignal: 'waitForSignal',
  InvokeFunction: 'invoke',
  AIGateway: 'aiInfer',
  Gateway: 'fetch',
};

export function stepKind(op: Opcode): string {
  const type = op.opts.type;
  const named = typeof type === 'string' ? kindsByType.get(type) : undefined;
  return kindsByOp[op.op] ?? named ?? 'run';
}

const nsPerMs = 1_000_000;

/** The last moment that a Date can hold. */
const dateMsMax = 8.64e15;

/** When the step began and how long it took. What an app's broken clock says is left out. */
function timingOf({ timing }: Opcode): Pick<StepFact, 'startedAtMs' | 'durationMs'> {
  if (timing === undefined) return {};
  const startedAtMs = Math.floor(timing.a / nsPerMs);
  const durationMs = timing.b / nsPerMs;
  return {
    ...(startedAtMs >= 0 && startedAtMs <= dateMsMax && { startedAtMs }),
    ...(durationMs >= 0 && Number.isFinite(durationMs) && { durationMs }),
  };
}

/** A fact about the step that an opcode is about. */
export function opcodeFact(
  op: Opcode,
  what: {
    readonly runId: string;
    readonly status: StepStatus;
    readonly attempt: number;
    readonly nowMs: number;
    readonly output?: string;
    readonly detail?: StepFact['detail'];
    /** The call that reported it. */
    readonly callId?: string;
    readonly attemptsMax?: number;
    readonly seq?: number;
  },
): string {
  const { input } = op.opts;
  return factText({
    t: 'step',
    runId: what.runId,
    stepId: op.id,
    name: op.displayName,
    kind: stepKind(op),
    status: what.status,
    attempt: what.attempt,
    atMs: what.nowMs,
    ...timingOf(op),
    input: input === undefined || input === null ? undefined : JSON.stringify(input),
    output: what.output,
    detail: what.detail,
    op: op.op,
    callId: what.callId,
    attemptsMax: what.attemptsMax,
    seq: what.seq,
  });
}

/** A fact about the function's own body: an attempt that failed outside any step. */
export function bodyFact(what: {
  readonly runId: string;
  readonly name: string;
  readonly status: StepStatus;
  readonly attempt: number;
  readonly nowMs: number;
  readonly output: string;
}): string {
  const { nowMs, ...rest } = what;
  return factText({ t: 'step', stepId: 'step', kind: 'function', atMs: nowMs, ...rest });
}

/** The end of a wait: which event, signal or run ended it, or that time was over. */
export function waitEndFact(what: {
  readonly runId: string;
  readonly stepId: string;
  readonly name: string;
  readonly kind: string;
  readonly status: StepStatus;
  readonly nowMs: number;
  readonly output: string;
  readonly detail?: StepFact['detail'];
  /** When the wait began. */
  readonly startedAtMs?: number;
}): string {
  const { nowMs, ...rest } = what;
  const { startedAtMs } = what;
  const durationMs = startedAtMs === undefined ? undefined : Math.max(0, nowMs - startedAtMs);
  return factText({ t: 'step', attempt: 0, atMs: nowMs, ...rest, durationMs });
}

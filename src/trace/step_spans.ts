/** Steps in the current tree: one span for every try of a step (graphql.md §9.5). */

import { previewOutputId } from './call_spans.ts';
import type { Call } from './call_story.ts';
import { spanIdOf } from './identity.ts';
import { draftSpan, type SpanDraft, type SpanOrigin, timesOf } from './span_draft.ts';
import { hasEnded, runTypeOf, stepInfoOf, stepOpOf, stepStatusOf } from './step_info.ts';
import { isLasting, type StepStory, type StepTry } from './step_story.ts';
import { groupOfTry, isAnswer, type Story, turnOf, turnOfTry } from './story.ts';

/** The span of one try. The last one has the id of the step itself: so has a plan that is carried out later. */
export function stepSpanId(runId: string, { stepId, attempt, status }: StepTry): string {
  return spanIdOf(
    runId,
    status === 'Errored' ? { of: 'attempt', stepId, attempt } : { of: 'step', stepId },
  );
}

export interface StepSpans {
  readonly spans: readonly SpanDraft[];
  /** By step and attempt. */
  find(stepId: string, attempt: number): SpanDraft | undefined;
  /** The span of a step's last try. */
  last(stepId: string): SpanDraft | undefined;
}

export function stepSpans(origin: SpanOrigin, story: Story): StepSpans {
  const spans: SpanDraft[] = [];
  const byStep = new Map<string, readonly SpanDraft[]>();
  const running = runningCalls(story);
  for (const step of story.steps.values()) {
    const call = running.get(step.stepId);
    const ofStep = step.tries.map((tried) => {
      const isRunning = tried.status === 'Queued' && call !== undefined;
      const draft = stepSpan(origin, story, step, isRunning ? begun(tried, call) : tried);
      draft.turn = isRunning ? turnOf(story, call) : turnOfTry(story, step, tried);
      return draft;
    });
    byStep.set(step.stepId, ofStep);
    spans.push(...ofStep);
  }
  return {
    spans,
    find: (stepId, attempt) =>
      byStep.get(stepId)?.findLast((draft) => draft.fields.attempts === attempt),
    last: (stepId) => byStep.get(stepId)?.at(-1),
  };
}

function begun(tried: StepTry, call: Call): StepTry {
  const { startedAtMs, endedAtMs, isCutOff } = call;
  return { ...tried, status: isCutOff ? 'Cancelled' : 'Running', startedAtMs, endedAtMs };
}

/** Calls for steps that were planned, by step: those under way, and those that were when the run ended. */
function runningCalls({ calls }: Story): ReadonlyMap<string, Call> {
  const byStep = new Map<string, Call>();
  for (const call of calls) {
    if (call.stepId !== null && call.outcome === null) byStep.set(call.stepId, call);
  }
  return byStep;
}

function stepSpan(origin: SpanOrigin, story: Story, step: StepStory, tried: StepTry): SpanDraft {
  const spanId = stepSpanId(story.run.runId, tried);
  const status = stepStatusOf(step, tried);
  const times = tryTimes(story, step, tried);
  const stepOp = stepOpOf(step, tried.op);
  const ended = hasEnded(status) ? timesOf(times.startedAtMs, times.endedAtMs) : undefined;
  return draftSpan(origin, 'step', {
    spanId,
    name: step.name,
    status,
    queuedAtMs: times.queuedAtMs,
    ...(ended ?? { startedAtMs: times.startedAtMs }),
    attempts: tried.attempt,
    groupId: groupOfTry(story, tried),
    outputId: hasOutput(step, tried)
      ? previewOutputId(origin, spanId, { of: 'step', stepId: step.stepId, attempt: tried.attempt })
      : null,
    stepOp,
    stepId: step.stepId,
    stepInfo: stepInfoOf(step, tried),
    stepType: runTypeOf(step) ?? stepOp ?? '',
  });
}

/** A sleep results in nothing, and so does a wait whose time is over. */
export function hasOutput(step: StepStory, tried: StepTry): boolean {
  if (tried.output === null || tried.endedAtMs === null || step.kind === 'sleep') return false;
  return tried.status !== 'TimedOut' || step.kind === 'invoke';
}

export interface TryTimes {
  readonly queuedAtMs: number;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
}

/**
 * Where a try says too little, its call does. What the app reported before its answer began when the app says so;
 * an answer's step was due when its call was.
 */
export function tryTimes(story: Story, step: StepStory, tried: StepTry): TryTimes {
  const { askedAtMs, endedAtMs } = tried;
  if (isLasting(step)) {
    const atMs = askedAtMs ?? tried.startedAtMs ?? endedAtMs ?? story.run.scheduledAtMs;
    return { queuedAtMs: atMs, startedAtMs: atMs, endedAtMs };
  }
  const call = story.callOf(tried);
  const startedAtMs =
    tried.startedAtMs ?? (endedAtMs === null ? null : (call?.startedAtMs ?? endedAtMs));
  const dueAtMs = call !== null && isAnswer(call, tried) ? dueOf(story, call) : null;
  const known = askedAtMs ?? dueAtMs ?? startedAtMs ?? endedAtMs ?? story.run.scheduledAtMs;
  return {
    queuedAtMs: startedAtMs === null ? known : Math.min(known, startedAtMs),
    startedAtMs,
    endedAtMs:
      endedAtMs === null || startedAtMs === null ? endedAtMs : Math.max(endedAtMs, startedAtMs),
  };
}

function dueOf(story: Story, call: Call): number {
  return story.reportedUntilMs(call) ?? call.dueAtMs;
}

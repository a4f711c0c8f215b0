/** Steps in the legacy tree: plain when they went well at once, else with their attempts (graphql.md §10.1). */
import { type Call, type CallGroup, groupIdOf } from './call_story.ts';
import { spanIdOf } from './identity.ts';
import { callAttempt, type LegacySpan, legacyOutputId, queuedAttempt } from './legacy_attempts.ts';
import { isRetried } from './legacy_function.ts';
import { draftSpan, type SpanDraft, type SpanOrigin, timesOf } from './span_draft.ts';
import { hasEnded, stepInfoOf, stepOpOf, stepStatusOf } from './step_info.ts';
import { hasOutput, stepSpanId, tryTimes } from './step_spans.ts';
import { isLasting, type StepStory, type StepTry } from './step_story.ts';
import { isAnswer, type Story, turnOfTry } from './story.ts';

export function stepSpansOf(origin: SpanOrigin, story: Story, nowMs: number): LegacySpan[] {
  const groups = new Map(story.groups.map((group) => [group.group, group]));
  return [...story.steps.values()].flatMap((step): LegacySpan[] => {
    const only = step.tries.at(-1);
    if (only === undefined) return [];
    const call = story.callOf(
      isLasting(step) ? { ...only, callId: only.callId ?? step.askedBy } : only,
    );
    const isOwn = call !== null && isAnswer(call, only);
    const group = isOwn ? groups.get(call.group) : undefined;
    const failed = (group?.calls ?? []).filter((one) => one.outcome === 'error');
    // Steps that are planned are not shown until they have run.
    if (only.status === 'Queued') return [];
    const span = isLasting(step)
      ? lastingSpan(origin, story, step, only, failed, nowMs)
      : ranSpan(origin, story, step, failed, group);
    span.draft.turn = turnOfTry(story, step, only);
    return [span];
  });
}

/** Sleeps show the attempts before them; waits and invokes have no children. */
function lastingSpan(
  origin: SpanOrigin,
  story: Story,
  step: StepStory,
  tried: StepTry,
  failed: readonly Call[],
  nowMs: number,
): LegacySpan {
  const info = stepInfoOf(step, tried);
  const { queuedAtMs } = tryTimes(story, step, tried);
  const isSleep = info.kind === 'sleep';
  const wakesAtMs = info.kind === 'sleep' ? info.sleepUntilMs : null;
  // The run may have ended before it could wake.
  const knownUntilMs = Math.min(nowMs, story.run.endedAtMs ?? nowMs);
  const isAwake = wakesAtMs !== null && wakesAtMs <= knownUntilMs;
  const open = isSleep ? 'RUNNING' : stepStatusOf(step, tried);
  const isOver = tried.endedAtMs !== null || isAwake;
  const status =
    tried.endedAtMs === null ? (isAwake ? 'COMPLETED' : open) : stepStatusOf(step, tried);
  const endedAtMs = isOver ? (tried.endedAtMs ?? wakesAtMs) : null;
  const draft = draftSpan(origin, 'step', {
    spanId: stepSpanId(story.run.runId, tried),
    name: step.name,
    status,
    queuedAtMs,
    ...timesOf(queuedAtMs, endedAtMs),
    attempts: failed.length,
    outputId: hasLegacyOutput(step, tried)
      ? legacyOutputId(origin, stepSpanId(story.run.runId, tried), placeOf(tried))
      : null,
    stepOp: stepOpOf(step, tried.op),
    stepId: step.stepId,
    stepInfo: info,
  });
  if (isSleep && (failed.length > 0 || !isOver)) {
    const sleep = sleepAttempt(origin, story, draft, failed.length, wakesAtMs ?? queuedAtMs);
    draft.children.push(...failed.map((call, index) => callAttempt(origin, call, index)), sleep);
  }
  return { draft, callIds: [] };
}

/** The sleep among its attempts. While it goes on, it shows how long it will be. */
function sleepAttempt(
  origin: SpanOrigin,
  story: Story,
  { fields }: SpanDraft,
  index: number,
  wakesAtMs: number,
): SpanDraft {
  const { stepId, status, queuedAtMs, endedAtMs, durationMs } = fields;
  return draftSpan(origin, 'step', {
    spanId: spanIdOf(story.run.runId, { of: 'attempt', stepId: stepId ?? '', attempt: index }),
    name: `Attempt ${index}`,
    status,
    queuedAtMs,
    startedAtMs: queuedAtMs,
    endedAtMs,
    durationMs: durationMs ?? Math.max(0, wakesAtMs - queuedAtMs),
    attempts: index,
    stepOp: fields.stepOp,
    stepId,
    stepInfo: fields.stepInfo,
  });
}

/** A signal that did not come names an output, too: looking it up says that there is none. */
function hasLegacyOutput(step: StepStory, tried: StepTry): boolean {
  return hasOutput(step, tried) || (step.kind === 'waitForSignal' && tried.status === 'TimedOut');
}

function placeOf({ stepId, attempt }: StepTry) {
  return { of: 'step', stepId, attempt } as const;
}

function ranSpan(
  origin: SpanOrigin,
  story: Story,
  step: StepStory,
  failed: readonly Call[],
  group: CallGroup | undefined,
): LegacySpan {
  const callIds = (group?.calls ?? []).map(({ callId }) => callId);
  // Some attempts failed before the app could say which step it was.
  const attempts = [
    ...failed.map((call) => callAttempt(origin, call, 0)),
    ...(group?.calls ?? [])
      .filter((call) => call.isCutOff)
      .map((call) => callAttempt(origin, call, 0)),
    ...step.tries.map((tried) => tryAttempt(origin, story, step, tried)),
  ].sort((left, right) => left.fields.queuedAtMs - right.fields.queuedAtMs);
  for (const [index, { fields }] of attempts.entries()) {
    fields.name = `Attempt ${index}`;
    fields.attempts = index;
  }
  const last = attempts.at(-1);
  if (last === undefined) throw new Error('a step without a try');
  const isPlain = attempts.length === 1 && last.fields.status !== 'FAILED';
  if (isPlain) return { draft: plainStep(step, last), callIds };
  return { draft: stepGroup(origin, story, step, attempts, group), callIds };
}

function plainStep(step: StepStory, only: SpanDraft): SpanDraft {
  only.fields.name = step.name;
  only.fields.attempts = 0;
  return only;
}

function tryAttempt(origin: SpanOrigin, story: Story, step: StepStory, tried: StepTry): SpanDraft {
  const spanId = stepSpanId(story.run.runId, tried);
  const { queuedAtMs, startedAtMs, endedAtMs } = tryTimes(story, step, tried);
  return draftSpan(origin, 'step', {
    spanId,
    name: step.name,
    status: stepStatusOf(step, tried),
    queuedAtMs,
    ...timesOf(startedAtMs, endedAtMs),
    attempts: tried.attempt,
    outputId: hasOutput(step, tried) ? legacyOutputId(origin, spanId, placeOf(tried)) : null,
    stepOp: stepOpOf(step, tried.op) ?? 'RUN',
    stepId: step.stepId,
    stepInfo: stepInfoOf(step, tried),
  });
}

/** Several attempts, or a failed one. After the last failure their number is shown, else the index of the last. */
function stepGroup(
  origin: SpanOrigin,
  story: Story,
  step: StepStory,
  attempts: readonly SpanDraft[],
  group: CallGroup | undefined,
): SpanDraft {
  const [first, last] = [attempts[0], attempts.at(-1)];
  if (first === undefined || last === undefined) throw new Error('a step without a try');
  const hasFailed = last.fields.status === 'FAILED';
  const isRetrying = hasFailed && group !== undefined && isRetried(story, group);
  const isGoingOn = isRetrying || !hasEnded(last.fields.status);
  const about = attempts.findLast(({ fields }) => fields.stepId !== null) ?? last;
  const draft = draftSpan(origin, 'step', {
    ...about.fields,
    spanId: `steprun-${group?.groupId ?? groupIdOf(story.run.runId, `step:${step.stepId}`)}`,
    name: step.name,
    status: isGoingOn ? 'RUNNING' : last.fields.status,
    queuedAtMs: first.fields.queuedAtMs,
    ...timesOf(first.fields.startedAtMs, isGoingOn ? null : last.fields.endedAtMs),
    attempts: hasFailed && !isGoingOn ? attempts.length : attempts.length - 1,
    groupId: group?.groupId ?? null,
    outputId: isGoingOn ? null : last.fields.outputId,
  });
  draft.children.push(...attempts);
  if (isRetrying) draft.children.push(queuedAttempt(origin, last, attempts.length));
  return draft;
}

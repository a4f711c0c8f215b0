/**
 * Requests in the current tree: one span for the work that a queue item stood for, with its attempts in it, and one
 * for each attempt at the function's own body (graphql.md §9.3, §9.5).
 */
import { callStatusOf, requestMetadata, responseOf } from './call_answer.ts';
import type { Call, CalledOp, CallGroup } from './call_story.ts';
import { spanIdOf } from './identity.ts';
import { encodeOutputId, type OutputPlace } from './output_id.ts';
import { draftSpan, type NewSpan, type SpanDraft, type SpanOrigin, timesOf } from './span_draft.ts';
import { stepOpOf } from './step_info.ts';
import { isPending, type Story, turnOf } from './story.ts';

export interface CallSpans {
  /** Direct children of the root. */
  readonly spans: readonly SpanDraft[];
  /** Where what happened in a call belongs. */
  readonly places: ReadonlyMap<string, SpanDraft>;
}

export function callSpans(origin: SpanOrigin, story: Story): CallSpans {
  const spans: SpanDraft[] = [];
  const places = new Map<string, SpanDraft>();
  const lastBody = story.groups.findLast((group) => isBody(group));
  for (const group of story.groups) {
    const shown = group.calls.some((call) => !isDropped(call));
    if (shown) spans.push(groupSpan(origin, story, group, group === lastBody, places));
    spans.push(...bodySpans(origin, story, group));
  }
  return { spans, places };
}

/** The answer only said what is to be done next. */
function isDropped(call: Call): boolean {
  return call.outcome === 'steps' && call.executed === null;
}

/** All that came of it is a result, or errors from outside any step. */
function isBody({ calls }: CallGroup): boolean {
  const isOfStep = calls.some((call) => call.outcome === 'steps' || call.stepId !== null);
  return !isOfStep && calls.some((call) => call.outcome !== null);
}

/** The step that a call turned out to be about. */
function stepOf(call: Call): CalledOp | null {
  if (call.executed !== null) return call.executed;
  if (call.stepId === null) return null;
  return { op: 'StepPlanned', id: call.stepId, name: call.stepName ?? call.stepId };
}

function groupSpan(
  origin: SpanOrigin,
  story: Story,
  group: CallGroup,
  isFinalization: boolean,
  places: Map<string, SpanDraft>,
): SpanDraft {
  const spanId = spanIdOf(story.run.runId, { of: 'call', callId: group.group });
  const { calls } = group;
  const [first, last] = [calls[0], calls.at(-1)];
  if (first === undefined || last === undefined) throw new Error('a group without a call');
  const about = isFinalization
    ? { name: 'Finalization', stepType: 'FINALIZATION' }
    : stepFields(origin, story, calls, spanId);
  const draft = draftSpan(origin, isFinalization ? 'closing' : 'discovery', {
    spanId,
    status: callStatusOf(last),
    ...beginOf(story, first, isFinalization ? calls : [first]),
    endedAtMs: last.endedAtMs,
    attempts: last.attempt,
    groupId: enqueuerOf(story, group),
    ...about,
  });
  draft.turn = turnOf(story, first);
  const [only] = calls;
  const isPlain = only !== undefined && calls.length === 1 && draft.fields.status === 'COMPLETED';
  if (isPlain) {
    draft.fields.response = responseOf(only);
    draft.metadata.push(...requestMetadata(only));
    places.set(only.callId, draft);
  } else {
    addAttempts(origin, story, group, draft, places);
  }
  return draft;
}

/** Steps that the app reported while the calls went on lie before what these came to. */
function beginOf(
  story: Story,
  first: Call,
  calls: readonly Call[],
): { readonly queuedAtMs: number; readonly startedAtMs: number } {
  const reported = calls.flatMap((call) => story.reportedUntilMs(call) ?? []);
  if (reported.length === 0) return { queuedAtMs: first.dueAtMs, startedAtMs: first.startedAtMs };
  const atMs = Math.max(first.startedAtMs, ...reported);
  return { queuedAtMs: atMs, startedAtMs: atMs };
}

function stepFields(
  origin: SpanOrigin,
  story: Story,
  calls: readonly Call[],
  spanId: string,
): Pick<NewSpan, 'name' | 'stepId' | 'stepOp' | 'stepType' | 'stepInfo' | 'outputId'> {
  const call = calls.findLast((one) => stepOf(one) !== null);
  const op = call === undefined ? null : stepOf(call);
  if (call === undefined || op === null) return { name: 'Discovery step' };
  const step = story.steps.get(op.id);
  const kind = step?.kind ?? 'run';
  const stepOp = stepOpOf({ kind }, null) ?? 'RUN';
  return {
    name: step?.name ?? op.name,
    stepId: op.id,
    stepOp,
    stepType: stepOp,
    stepInfo: { kind: 'run', type: null },
    outputId: stepOutputId(origin, story, call, op, spanId),
  };
}

function stepOutputId(
  origin: SpanOrigin,
  { steps }: Story,
  call: Call,
  { id }: CalledOp,
  spanId: string,
): string | null {
  const tried = steps.get(id)?.tries.findLast((one) => one.attempt === call.attempt);
  if (tried === undefined || tried.output === null || call.outcome !== 'steps') return null;
  return previewOutputId(origin, spanId, { of: 'step', stepId: id, attempt: tried.attempt });
}

export function previewOutputId({ run }: SpanOrigin, spanId: string, place: OutputPlace): string {
  return encodeOutputId({ runId: run.runId, spanId, isPreview: true, place });
}

/** The attempts as children; one that is still to come is queued. */
function addAttempts(
  origin: SpanOrigin,
  story: Story,
  group: CallGroup,
  parent: SpanDraft,
  places: Map<string, SpanDraft>,
): void {
  const { runId } = story.run;
  let previousEndMs: number | null = null;
  for (const [index, call] of group.calls.entries()) {
    const spanId = spanIdOf(runId, { of: 'call', callId: call.callId });
    const draft = draftSpan(origin, 'discovery', {
      spanId,
      status: callStatusOf(call),
      queuedAtMs: previousEndMs ?? call.dueAtMs,
      ...timesOf(call.startedAtMs, call.endedAtMs),
      attempts: call.attempt,
      groupId: group.groupId,
      response: responseOf(call),
      ...attemptFields(origin, story, call, spanId),
      name: `Attempt ${index}`,
    });
    draft.metadata.push(...requestMetadata(call));
    parent.children.push(draft);
    places.set(call.callId, draft);
    previousEndMs = call.endedAtMs ?? previousEndMs;
  }
  if (!isPending(story, group)) return;
  const attempt = (group.calls.at(-1)?.attempt ?? 0) + 1;
  parent.children.push(
    draftSpan(origin, 'discovery', {
      spanId: spanIdOf(runId, { of: 'call', callId: `${group.group}#next` }),
      name: `Attempt ${group.calls.length}`,
      status: 'QUEUED',
      queuedAtMs: previousEndMs ?? parent.fields.queuedAtMs,
      attempts: attempt,
      groupId: group.groupId,
    }),
  );
  Object.assign(parent.fields, {
    status: 'QUEUED',
    endedAtMs: null,
    attempts: attempt,
    outputId: null,
  } satisfies Partial<NewSpan>);
}

function attemptFields(
  origin: SpanOrigin,
  story: Story,
  call: Call,
  spanId: string,
): Partial<NewSpan> {
  if (stepOf(call) !== null) return stepFields(origin, story, [call], spanId);
  if (call.outcome !== 'error' && call.outcome !== 'result') return {};
  return { outputId: previewOutputId(origin, spanId, { of: 'call', callId: call.callId }) };
}

/** `executor.nonstep`: each attempt at the function that came to a result or an error. */
function bodySpans(origin: SpanOrigin, story: Story, group: CallGroup): SpanDraft[] {
  const { runId } = story.run;
  return group.calls
    .filter((call) => call.outcome === 'result' || call.outcome === 'error')
    .map((call) => {
      const spanId = spanIdOf(runId, { of: 'call', callId: `nonstep:${call.callId}` });
      const begin = beginOf(story, call, [call]);
      const draft = draftSpan(origin, 'end', {
        spanId,
        name: 'executor.nonstep',
        status: callStatusOf(call),
        queuedAtMs: begin.queuedAtMs,
        ...timesOf(begin.startedAtMs, call.endedAtMs),
        attempts: call.attempt,
        groupId: group.groupId,
        outputId: previewOutputId(origin, spanId, { of: 'call', callId: call.callId }),
      });
      draft.turn = turnOf(story, call);
      return draft;
    });
}

/** Items are named `<role>:<step>` for the step that they follow or carry out; what told of it enqueued them. */
function enqueuerOf(story: Story, { group, calls }: CallGroup): string | null {
  const colon = group.indexOf(':');
  const step = colon < 0 ? undefined : story.steps.get(group.slice(colon + 1));
  if (step === undefined) return null;
  const isFollowing = group.startsWith('next:');
  const callId = isFollowing ? (step.tries.at(-1)?.callId ?? null) : step.askedBy;
  const call = callId === null ? undefined : story.callsById.get(callId);
  if (call === undefined || calls.includes(call)) return null;
  return story.groupIds.get(call.group) ?? null;
}

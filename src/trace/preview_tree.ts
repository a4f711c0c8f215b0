/**
 * The current tree of a run (graphql.md §9): every request and every try of a step is a child of the root. Clients
 * merge what belongs to one step.
 */
import type { UserlandSpanFact } from '../history/fact.ts';
import { type CallSpans, callSpans, previewOutputId } from './call_spans.ts';
import { spanIdOf, traceIdOf } from './identity.ts';
import type { RunTrace } from './run_trace.ts';
import type { SpanStatus, TraceSpan } from './span.ts';
import { draftSpan, finishedSpan, type SpanDraft, type SpanOrigin, timesOf } from './span_draft.ts';
import { appliedMetadata, type MetadataTarget, metadataUsage } from './span_metadata.ts';
import { type StepSpans, stepSpans } from './step_spans.ts';
import { callsBySpan, readStory, type Story } from './story.ts';
import { attachUserland } from './userland_spans.ts';

/** Never throws: what facts do not say is left out. `nowMs` is the time at which it is looked at. */
export function previewTree(trace: RunTrace, _nowMs: number): TraceSpan {
  const story = readStory(trace);
  const origin = { run: trace.run, traceId: traceIdOf(trace.run.runId) };
  const calls = callSpans(origin, story);
  const steps = stepSpans(origin, story);
  const root = rootSpan(origin, story);
  root.children = [...calls.spans, ...steps.spans];
  addUserCode(origin, story, root, calls, steps);
  return finishedSpan(root);
}

const statuses: Readonly<Record<RunTrace['run']['status'], SpanStatus>> = {
  Scheduled: 'QUEUED',
  Running: 'RUNNING',
  Completed: 'COMPLETED',
  Failed: 'FAILED',
  Cancelled: 'CANCELLED',
  Skipped: 'SKIPPED',
};

function rootSpan(origin: SpanOrigin, story: Story): SpanDraft {
  const { run, calls } = story;
  const spanId = spanIdOf(run.runId, { of: 'run' });
  const isSkipped = run.status === 'Skipped';
  const startedAtMs = isSkipped ? null : (run.startedAtMs ?? calls[0]?.startedAtMs ?? null);
  const latest = calls.at(-1);
  return draftSpan(origin, 'discovery', {
    spanId,
    name: 'Run',
    status: statuses[run.status],
    isRoot: true,
    queuedAtMs: run.scheduledAtMs,
    scheduledAtMs: run.scheduledAtMs,
    ...timesOf(startedAtMs, run.endedAtMs),
    groupId: story.groupIds.get(latest?.group ?? '') ?? null,
    outputId: isSkipped ? null : previewOutputId(origin, spanId, { of: 'run' }),
    // Nobody answers a run that is called off.
    response: run.status === 'Cancelled' ? { statusCode: 0, headers: {} } : null,
    skipReason: run.skipReason,
    skipExistingRunId: run.skipExistingRunId,
  });
}

/** Spans and metadata of the app's own. */
function addUserCode(
  origin: SpanOrigin,
  story: Story,
  root: SpanDraft,
  calls: CallSpans,
  steps: StepSpans,
): void {
  const called = callsBySpan(story);
  const placeOf = (fact: UserlandSpanFact): SpanDraft => {
    const { stepId, attempt, parentSpanId } = fact;
    const step = stepId === undefined ? undefined : stepOf(steps, stepId, attempt ?? null);
    return step ?? calls.places.get(called.get(parentSpanId ?? '') ?? '') ?? root;
  };
  const userland = attachUserland(origin, story.userland, placeOf);
  const usage = metadataUsage(story.metadata);
  if (usage !== null) root.metadata.push(usage);
  for (const { target, metadata } of appliedMetadata(story.metadata)) {
    // What is not known yet must not get lost: a step can write before it has told of itself.
    const place = targetOf(target, steps, userland) ?? root;
    place.metadata.push(metadata);
  }
}

function stepOf(steps: StepSpans, stepId: string, attempt: number | null): SpanDraft | undefined {
  return (attempt === null ? undefined : steps.find(stepId, attempt)) ?? steps.last(stepId);
}

function targetOf(
  { scope, stepId, attempt, spanId }: MetadataTarget,
  steps: StepSpans,
  userland: ReadonlyMap<string, SpanDraft>,
): SpanDraft | undefined {
  switch (scope) {
    case 'run':
      return undefined;
    case 'step':
      return stepId === null ? undefined : steps.last(stepId);
    case 'step_attempt':
      return stepId === null ? undefined : stepOf(steps, stepId, attempt);
    case 'extended_trace':
      return spanId === null ? undefined : userland.get(spanId);
  }
}

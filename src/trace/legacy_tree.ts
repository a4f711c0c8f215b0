/**
 * The tree of the first tracer (graphql.md §10): a span for each step, attempts below it only where there were several,
 * and the function's own end. Every span shows the root as its parent.
 */
import type { UserlandSpanFact } from '../history/fact.ts';
import { spanIdOf, traceIdOf } from './identity.ts';
import type { LegacySpan } from './legacy_attempts.ts';
import { queuedSpan, queuedSpanId } from './legacy_attempts.ts';
import { functionSpan } from './legacy_function.ts';
import { stepSpansOf } from './legacy_steps.ts';
import type { RunTrace } from './run_trace.ts';
import type { SpanStatus, TraceSpan } from './span.ts';
import { draftSpan, finishedSpan, type SpanDraft, type SpanOrigin, timesOf } from './span_draft.ts';
import { appliedMetadata, metadataUsage } from './span_metadata.ts';
import { hasEnded } from './step_info.ts';
import { callsBySpan, readStory, type Story } from './story.ts';
import { attachUserland } from './userland_spans.ts';

/** Never throws: what facts do not say is left out. `nowMs` is the time at which it is looked at. */
export function legacyTree(trace: RunTrace, nowMs: number): TraceSpan {
  const story = readStory(trace);
  const origin = { run: trace.run, traceId: traceIdOf(trace.run.runId) };
  const root = rootSpan(origin);
  const spans: LegacySpan[] = [
    ...stepSpansOf(origin, story, nowMs),
    ...story.groups.flatMap((group) => functionSpan(origin, story, group) ?? []),
  ];
  root.children = spans.map(({ draft }) => draft);
  addUserCode(origin, story, root, spans);
  return finishedRoot(story, root);
}

const statuses: Readonly<Record<RunTrace['run']['status'], SpanStatus>> = {
  // This tree knows no queued runs.
  Scheduled: 'RUNNING',
  Running: 'RUNNING',
  Completed: 'COMPLETED',
  Failed: 'FAILED',
  Cancelled: 'CANCELLED',
  Skipped: 'SKIPPED',
};

function rootSpan(origin: SpanOrigin): SpanDraft {
  const { run } = origin;
  return draftSpan(origin, 'discovery', {
    spanId: spanIdOf(run.runId, { of: 'run' }),
    name: run.functionSlug,
    status: statuses[run.status],
    isRoot: true,
    queuedAtMs: run.scheduledAtMs,
    ...timesOf(run.startedAtMs, run.endedAtMs),
    skipReason: run.skipReason,
    skipExistingRunId: run.skipExistingRunId,
  });
}

function addUserCode(
  origin: SpanOrigin,
  story: Story,
  root: SpanDraft,
  spans: readonly LegacySpan[],
): void {
  const byStep = new Map<string, SpanDraft>();
  const byCall = new Map<string, SpanDraft>();
  for (const { draft, callIds } of spans) {
    if (draft.fields.stepId !== null) byStep.set(draft.fields.stepId, draft);
    for (const callId of callIds) byCall.set(callId, draft);
  }
  const called = callsBySpan(story);
  const placeOf = ({ stepId, parentSpanId }: UserlandSpanFact): SpanDraft =>
    byStep.get(stepId ?? '') ?? byCall.get(called.get(parentSpanId ?? '') ?? '') ?? root;
  const userland = attachUserland(origin, story.userland, placeOf);
  const usage = metadataUsage(story.metadata);
  if (usage !== null) root.metadata.push(usage);
  for (const { target, metadata } of appliedMetadata(story.metadata)) {
    const place = byStep.get(target.stepId ?? '') ?? userland.get(target.spanId ?? '') ?? root;
    place.metadata.push(metadata);
  }
}

/** The last child says what the run came to; while nothing goes on in an open run, a step is queued. */
function finishedRoot(story: Story, root: SpanDraft): TraceSpan {
  const { spanId } = root.fields;
  const tree = finishedSpan(root, null, (child, parent) =>
    child.fields.spanId === queuedSpanId ? (child.fields.parentSpanId ?? parent) : spanId,
  );
  const last = tree.children.findLast((child) => child.userland === null);
  if (last === undefined) return tree;
  if (story.hasEnded) return { ...tree, outputId: last.outputId };
  if (!hasEnded(last.status)) return tree;
  const latestMs = tree.children.at(-1)?.queuedAtMs ?? last.queuedAtMs;
  const queuedAtMs = Math.max(last.endedAtMs ?? last.queuedAtMs, latestMs);
  const queued = queuedSpan({ run: story.run, traceId: tree.traceId }, 'Queued step', queuedAtMs);
  return { ...tree, children: [...tree.children, finishedSpan(queued, spanId)] };
}

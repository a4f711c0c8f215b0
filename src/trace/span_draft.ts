/** Spans while a tree is built: they take in children and metadata, then become `TraceSpan`s in one go. */
import type { RunRecord } from '../history/history.ts';
import type { TraceSpan } from './span.ts';

/** Spans are many: the draft's own record becomes the span. */
type Fields = { -readonly [Key in keyof TraceSpan]: TraceSpan[Key] };

/** Among spans that begin together: what leads to a step comes before the step, what ends the run after. */
export type Rank = 'discovery' | 'step' | 'closing' | 'end';

export interface SpanDraft {
  fields: Fields;
  rank: Rank;
  /** Among spans of the same millisecond: the turn of the work that they belong to. */
  turn: number;
  metadata: TraceSpan['metadata'][number][];
  children: SpanDraft[];
}

/** What all spans of a run have in common. */
export interface SpanOrigin {
  readonly traceId: string;
  readonly run: RunRecord;
}

export type NewSpan = Pick<Fields, 'spanId' | 'name' | 'status' | 'queuedAtMs'> &
  Partial<Omit<Fields, 'children' | 'metadata'>>;

/** Every field is named here once: copying partial records would take most of a large tree's time. */
export function draftSpan({ traceId, run }: SpanOrigin, rank: Rank, span: NewSpan): SpanDraft {
  return {
    rank,
    turn: 0,
    metadata: [],
    children: [],
    fields: {
      spanId: span.spanId,
      traceId: span.traceId ?? traceId,
      parentSpanId: span.parentSpanId ?? null,
      runId: run.runId,
      appId: run.appId,
      functionId: run.functionId,
      groupId: span.groupId ?? null,
      name: span.name,
      status: span.status,
      attempts: span.attempts ?? null,
      durationMs: span.durationMs ?? null,
      isRoot: span.isRoot ?? false,
      queuedAtMs: span.queuedAtMs,
      scheduledAtMs: span.scheduledAtMs ?? null,
      startedAtMs: span.startedAtMs ?? null,
      endedAtMs: span.endedAtMs ?? null,
      outputId: span.outputId ?? null,
      stepOp: span.stepOp ?? null,
      stepId: span.stepId ?? null,
      stepInfo: span.stepInfo ?? null,
      stepType: span.stepType ?? '',
      userland: span.userland ?? null,
      metadata: [],
      response: span.response ?? null,
      skipReason: span.skipReason ?? null,
      skipExistingRunId: span.skipExistingRunId ?? null,
      children: [],
    },
  };
}

/** `endedAtMs` of what goes on is left out, and with it the duration. */
export function timesOf(
  startedAtMs: number | null,
  endedAtMs: number | null,
): Pick<Fields, 'startedAtMs' | 'endedAtMs' | 'durationMs'> {
  const durationMs =
    startedAtMs === null || endedAtMs === null ? null : Math.max(0, endedAtMs - startedAtMs);
  return { startedAtMs, endedAtMs, durationMs };
}

export type ParentOf = (child: SpanDraft, parent: TraceSpan['spanId']) => string;

/**
 * Uses the draft up. `parentOf` names the parent that a child shows; the default is the span that it lies in.
 */
export function finishedSpan(
  draft: SpanDraft,
  parentSpanId: string | null = null,
  parentOf: ParentOf = (_, parent) => parent,
): TraceSpan {
  const { fields, metadata, children } = draft;
  children.sort(bySequence);
  fields.parentSpanId = parentSpanId;
  fields.metadata = metadata;
  fields.children = children.map((child) =>
    finishedSpan(child, parentOf(child, fields.spanId), parentOf),
  );
  return fields;
}

const ranks: Readonly<Record<Rank, number>> = { discovery: 0, step: 1, closing: 2, end: 3 };

/** By begin; what has not begun comes after what has. What began together stays in the order of the facts. */
function bySequence(left: SpanDraft, right: SpanDraft): number {
  const [a, b] = [left.fields, right.fields];
  return (
    a.queuedAtMs - b.queuedAtMs ||
    compared(a.startedAtMs ?? Number.MAX_VALUE, b.startedAtMs ?? Number.MAX_VALUE) ||
    left.turn - right.turn ||
    ranks[left.rank] - ranks[right.rank]
  );
}

function compared(left: number, right: number): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

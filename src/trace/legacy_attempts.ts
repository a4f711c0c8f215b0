/** Attempts in the legacy tree: the spans below a step or the function, and the one that is still to come. */
import { callStatusOf, responseOf } from './call_answer.ts';
import type { Call } from './call_story.ts';
import { spanIdOf } from './identity.ts';
import { encodeOutputId, type OutputPlace } from './output_id.ts';
import { draftSpan, type SpanDraft, type SpanOrigin, timesOf } from './span_draft.ts';

/** A child of the root with the calls that it stands for. */
export interface LegacySpan {
  readonly draft: SpanDraft;
  readonly callIds: readonly string[];
}

export const queuedSpanId = 'queued';

export function queuedSpan(origin: SpanOrigin, name: string, queuedAtMs: number): SpanDraft {
  return draftSpan(origin, 'end', { spanId: queuedSpanId, name, status: 'QUEUED', queuedAtMs });
}

/** The attempt that follows. It alone shows the attempt before it as its parent. */
export function queuedAttempt(origin: SpanOrigin, previous: SpanDraft, attempt: number): SpanDraft {
  const { endedAtMs, queuedAtMs, spanId } = previous.fields;
  const draft = queuedSpan(origin, `Attempt ${attempt}`, endedAtMs ?? queuedAtMs);
  draft.fields.attempts = attempt;
  draft.fields.parentSpanId = spanId;
  return draft;
}

export function legacyOutputId({ run }: SpanOrigin, spanId: string, place: OutputPlace): string {
  return encodeOutputId({ runId: run.runId, spanId, isPreview: false, place });
}

/** A call that is over, as an attempt. */
export function callAttempt(origin: SpanOrigin, call: Call, index: number): SpanDraft {
  const spanId = spanIdOf(origin.run.runId, { of: 'call', callId: call.callId });
  const status = callStatusOf(call);
  return draftSpan(origin, 'discovery', {
    spanId,
    name: `Attempt ${index}`,
    status,
    queuedAtMs: call.dueAtMs,
    ...timesOf(call.startedAtMs, call.endedAtMs),
    attempts: index,
    outputId:
      status === 'FAILED'
        ? legacyOutputId(origin, spanId, { of: 'call', callId: call.callId })
        : null,
    response: responseOf(call),
  });
}

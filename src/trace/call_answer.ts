/** Answers of apps as spans show them, and what is known of how long a request took. */
import type { Call } from './call_story.ts';
import type { SpanMetadata, SpanStatus, TraceSpan } from './span.ts';

/** Null where no request was made, or nobody answered. */
export function responseOf(call: Call): TraceSpan['response'] {
  if (call.statusCode === null) return null;
  const headers: Record<string, readonly string[]> = {};
  for (const name of Object.keys(call.headers)) headers[name] = [call.headers[name] ?? ''];
  return { statusCode: call.statusCode, headers };
}

/** A call that told of a failed step has failed, too. */
export function callStatusOf(call: Call): SpanStatus {
  if (call.outcome === null) return call.isCutOff ? 'CANCELLED' : 'RUNNING';
  if (call.outcome === 'error') return 'FAILED';
  const { executed } = call;
  return executed?.op === 'StepError' || executed?.op === 'StepFailed' ? 'FAILED' : 'COMPLETED';
}

/** What the server has measured; what it has not is left out (graphql.md §9.3 rule 12). */
export function requestMetadata(call: Call): SpanMetadata[] {
  if (call.isImplied || call.isCutOff || call.endedAtMs === null) return [];
  const delayMs = Math.max(0, call.startedAtMs - call.dueAtMs);
  const timing = { total_ms: call.endedAtMs - call.startedAtMs };
  const delays = { queue_delay_ms: delayMs, total_inngest_ms: delayMs };
  const updatedAtMs = call.endedAtMs;
  return [
    { scope: 'request', kind: 'inngest.http.timing', values: timing, updatedAtMs },
    { scope: 'request', kind: 'inngest.timing', values: delays, updatedAtMs },
  ];
}

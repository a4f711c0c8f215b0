/** Spans of runs: what triggered them, the run itself, the calls of the app (observability-ui.md §1, §2). */
import type { CallEndedFact, RunEndedFact, RunScheduledFact } from '../../history/fact.ts';
import { spanIdOf, traceIdOf } from '../identity.ts';
import { parseTraceparent } from '../traceparent.ts';
import { errorMessage } from './error_message.ts';
import { type ExportSpan, payloadOf, scopes } from './export_span.ts';
import type { RunMemory } from './span_memory.ts';

/** `sys.function.status.code` (§2.4). */
const statusCodes: Readonly<Record<RunEndedFact['status'], number>> = {
  Completed: 300,
  Failed: 400,
  Cancelled: 500,
  Skipped: 600,
};

/** A batch has up to 100 events, each with a sender that may be traced. */
const linksMax = 128;

export function triggerSpan(fact: RunScheduledFact, common: ExportSpan['attributes']): ExportSpan {
  const { runId, atMs } = fact;
  return {
    scope: scopes.trigger,
    traceId: traceIdOf(runId),
    spanId: spanIdOf(runId, { of: 'trigger' }),
    parentSpanId: null,
    name: 'trigger',
    kind: 'CONSUMER',
    startMs: atMs,
    endMs: atMs,
    attributes: {
      ...common,
      'sys.event.ids': fact.eventIds.join(','),
      'sys.event.internal.id': fact.eventIds[0],
      'sys.batch.id': fact.batchId,
      'sys.cron.expr': fact.cron,
      'sys.function.time.schedule': atMs,
    },
    error: null,
    payloads: [],
    links: (fact.links ?? []).slice(0, linksMax).flatMap((link) => parseTraceparent(link) ?? []),
  };
}

export function runSpan(
  fact: RunEndedFact,
  memory: RunMemory,
  common: ExportSpan['attributes'],
): ExportSpan {
  const { runId, atMs, status, output } = fact;
  const scheduledAtMs = fact.scheduledAtMs ?? memory.scheduledAtMs;
  const startedAtMs = fact.startedAtMs ?? memory.startedAtMs;
  const startMs = Math.min(startedAtMs ?? scheduledAtMs ?? atMs, atMs);
  return {
    scope: scopes.run,
    traceId: traceIdOf(runId),
    spanId: spanIdOf(runId, { of: 'run' }),
    parentSpanId: spanIdOf(runId, { of: 'trigger' }),
    name: fact.functionSlug ?? memory.functionSlug ?? 'function',
    kind: 'INTERNAL',
    startMs,
    endMs: atMs,
    attributes: {
      ...common,
      'sys.function.status.code': statusCodes[status],
      'sys.function.time.schedule': scheduledAtMs,
      'sys.function.time.start': startedAtMs,
      'sys.function.time.end': atMs,
    },
    error: status === 'Failed' ? errorMessage(output) : null,
    payloads: payloadOf('sys.function.output', output),
    links: [],
  };
}

export function callSpan(fact: CallEndedFact, common: ExportSpan['attributes']): ExportSpan {
  const { runId, callId, startedAtMs, atMs, attempt, statusCode } = fact;
  return {
    scope: scopes.call,
    traceId: traceIdOf(runId),
    spanId: spanIdOf(runId, { of: 'call', callId }),
    parentSpanId: spanIdOf(runId, { of: 'run' }),
    name: callName(fact),
    kind: 'CLIENT',
    startMs: startedAtMs,
    endMs: Math.max(startedAtMs, atMs),
    attributes: {
      ...common,
      'sys.step.id': fact.stepId,
      'sys.step.display.name': fact.stepName,
      'sys.step.group.id': fact.group,
      'sys.step.attempt': attempt,
      'sys.step.attempt.max': fact.attemptsMax,
      'sys.step.retry': attempt > 0,
      'sys.step.first': fact.group === 'start' && attempt === 0,
      'sys.step.opcode': opcodeOf(fact),
      'sys.step.status.code': statusCode,
      'sys.step.output.size.bytes': fact.responseBytes,
      'sys.step.time.schedule': fact.dueAtMs,
      'sys.step.time.start': startedAtMs,
      'sys.step.time.end': atMs,
      'sys.delay.system.ms': Math.max(0, startedAtMs - fact.dueAtMs),
      'http.request.method': 'POST',
      'http.response.status_code': statusCode,
      'url.full': fact.url,
    },
    error: fact.outcome === 'error' ? errorMessage(fact.output) : null,
    // What steps and functions give is on their own spans.
    payloads: [],
    links: [],
  };
}

function callName(fact: CallEndedFact): string {
  if (fact.outcome === 'result') return 'function success';
  if (fact.stepName !== undefined) return fact.stepName;
  if (fact.outcome === 'error') return 'function error';
  const [op, ...more] = fact.ops ?? [];
  return op !== undefined && more.length === 0 ? op.name : 'execute';
}

/** Of an answer with several opcodes none is the one. */
function opcodeOf({ outcome, ops = [] }: CallEndedFact): string | undefined {
  if (outcome === 'result') return 'RunComplete';
  return ops.length === 1 ? ops[0]?.op : undefined;
}

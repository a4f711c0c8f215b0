/** Spans of runs: what triggered them, the run itself, the calls of the app (observability-ui.md §1, §2). */
import type { CallEndedFact, RunEndedFact, RunScheduledFact } from '../../history/fact.ts';
import { isUlid, ulidTime } from '../../lib/ulid.ts';
import { spanIdOf, traceIdOf } from '../identity.ts';
import { formatTraceparent, parseTraceparent } from '../traceparent.ts';
import type { CronTick } from './cron_tick.ts';
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
const scheduledCode = 100;

/** `sys.lifecycle.id`: the moment that a span tells of (§3). */
const moments: Readonly<Record<RunEndedFact['status'], string>> = {
  Completed: 'OnFunctionFinished',
  Failed: 'OnFunctionFinished',
  Cancelled: 'OnFunctionCancelled',
  Skipped: 'OnFunctionSkipped',
};

/** A batch has up to 100 events, each with a sender that may be traced. */
const linksMax = 128;

export function triggerSpan(
  fact: RunScheduledFact,
  tick: CronTick | undefined,
  common: ExportSpan['attributes'],
): ExportSpan {
  const { runId, atMs, batchId } = fact;
  const links = (fact.links ?? [])
    .slice(0, linksMax)
    .flatMap((link) => parseTraceparent(link) ?? []);
  // What the run repeats or was invoked by comes first; a batch has as many parents as senders.
  const parent = links[0] && formatTraceparent(links[0]);
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
      'sys.lifecycle.id': 'OnFunctionScheduled',
      'sys.function.status.code': scheduledCode,
      'sys.function.link': parent,
      'sys.trace.link': parent,
      'sys.event.ids': fact.eventIds.join(','),
      'sys.event.internal.id': fact.eventIds[0],
      'sys.batch.id': batchId,
      'sys.batch.timestamp': batchId && isUlid(batchId) ? ulidTime(batchId) : undefined,
      'sys.cron.expr': fact.cron,
      'sys.cron.timestamp': tick?.dueAtMs,
      'sys.cron.fire_at': tick?.fireAtMs,
      'sys.function.time.schedule': atMs,
    },
    error: null,
    payloads: [],
    links,
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
      'sys.lifecycle.id': moments[status],
      'sys.function.status.code': statusCodes[status],
      'sys.function.hasAI': usesAi(memory),
      'sys.function.time.schedule': scheduledAtMs,
      'sys.function.time.start': startedAtMs,
      'sys.function.time.end': atMs,
    },
    error: status === 'Failed' ? errorMessage(output) : null,
    payloads: payloadOf('sys.function.output', output),
    links: [],
  };
}

/** Unknown of a run whose beginning is not remembered: what came before may have used AI. */
function usesAi({ hasAi, scheduledAtMs }: RunMemory): boolean | undefined {
  return hasAi ?? (scheduledAtMs === undefined ? undefined : false);
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
      'sys.lifecycle.id': 'OnStepFinished',
      'sys.step.id': fact.stepId,
      'sys.step.display.name': fact.stepName,
      'sys.step.group.id': fact.group,
      'sys.step.attempt': attempt,
      'sys.step.attempt.max': fact.attemptsMax,
      'sys.step.retry': attempt > 0,
      'sys.step.first': fact.group === 'start' && attempt === 0,
      'sys.step.opcode': opcodeOf(fact),
      'sys.step.plan': isPlan(fact) ? true : undefined,
      'sys.step.status.code': statusCode,
      'sys.step.output.size.bytes': fact.responseBytes,
      'sys.step.time.schedule': fact.dueAtMs,
      'sys.step.time.start': startedAtMs,
      'sys.step.time.end': atMs,
      'sys.delay.system.ms': Math.max(0, startedAtMs - fact.dueAtMs),
      // Workers are called over a WebSocket.
      'http.request.method': fact.url.startsWith('http') ? 'POST' : undefined,
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

/** The app only said which steps it has found. */
function isPlan({ outcome, ops = [] }: CallEndedFact): boolean {
  return outcome === 'steps' && ops.length > 0 && ops.every(({ op }) => op === 'StepPlanned');
}

/** Of an answer with several opcodes none is the one. */
function opcodeOf({ outcome, ops = [] }: CallEndedFact): string | undefined {
  if (outcome === 'result') return 'RunComplete';
  return ops.length === 1 ? ops[0]?.op : undefined;
}

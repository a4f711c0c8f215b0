/** Spans of steps: work, sleeps, waits, invocations (observability-ui.md §1, §2). */
import { isAboutAi, type StepFact } from '../../history/fact.ts';
import { spanIdOf, traceIdOf } from '../identity.ts';
import { runTypeOf } from '../step_info.ts';
import type { AttributeValue } from './any_value.ts';
import { errorMessage } from './error_message.ts';
import { type ExportSpan, payloadOf, scopes } from './export_span.ts';
import type { StepMemory } from './span_memory.ts';

const waitNames: Readonly<Record<string, string>> = {
  sleep: 'sleep',
  waitForEvent: 'wait',
  waitForSignal: 'wait.signal',
  invoke: 'invoke',
};

const opcodes: Readonly<Record<string, string>> = {
  sleep: 'Sleep',
  waitForEvent: 'WaitForEvent',
  waitForSignal: 'WaitForSignal',
  invoke: 'InvokeFunction',
};

/** `sys.lifecycle.id`: the moment that a span tells of (§3). */
const moments: Readonly<Record<string, string>> = {
  sleep: 'OnSleep',
  waitForEvent: 'OnWaitForEventResumed',
  waitForSignal: 'OnWaitForSignalResumed',
  invoke: 'OnInvokeFunctionResumed',
  aiInfer: 'OnStepGatewayRequestFinished',
  fetch: 'OnStepGatewayRequestFinished',
};

const endings: ReadonlySet<string> = new Set(['Completed', 'Failed', 'TimedOut', 'Cancelled']);

/** True when the fact ends the step, or an attempt at it. */
export function endsStep({ status, kind }: StepFact): boolean {
  // Facts about function bodies come from older servers; calls say it too.
  return kind !== 'function' && (status === 'Errored' || endings.has(status));
}

/** An attempt that is followed by another one lies below its step. */
export function stepSpan(
  fact: StepFact,
  memory: StepMemory,
  common: ExportSpan['attributes'],
): ExportSpan {
  const { runId, stepId, attempt, kind, name, status } = fact;
  const isAttempt = status === 'Errored';
  const startMs = startOf(fact, memory);
  const step = spanIdOf(runId, { of: 'step', stepId });
  return {
    scope: scopes.step,
    traceId: traceIdOf(runId),
    spanId: isAttempt ? spanIdOf(runId, { of: 'attempt', stepId, attempt }) : step,
    parentSpanId: isAttempt ? step : spanIdOf(runId, { of: 'run' }),
    name: waitNames[kind] ?? name,
    kind: 'INTERNAL',
    startMs,
    endMs: Math.max(startMs, endOf(fact)),
    attributes: {
      ...common,
      ...stepAttributes(fact, memory, startMs),
      ...waitAttributes(fact, memory),
    },
    error: hasFailed(fact) ? errorMessage(fact.output) : null,
    payloads: payloadsOf(fact),
    links: [],
  };
}

/** What a model was asked and answered is said under keys of its own as well; a failure is no answer. */
function payloadsOf(fact: StepFact): ExportSpan['payloads'] {
  const { input, output, status } = fact;
  const plain = [...payloadOf('sys.step.input', input), ...payloadOf('sys.step.output', output)];
  if (!isAboutAi(fact)) return plain;
  const answer = status === 'Completed' ? output : undefined;
  return [
    ...plain,
    ...payloadOf('sys.step.ai.req', input),
    ...payloadOf('sys.step.ai.res', answer),
  ];
}

function hasFailed({ status, kind }: StepFact): boolean {
  // A wait that times out gives null; an invocation throws.
  return (
    status === 'Failed' || status === 'Errored' || (status === 'TimedOut' && kind === 'invoke')
  );
}

/** When this attempt began; for the step as a whole, the first one. */
export function startOf({ status, startedAtMs, atMs }: StepFact, memory: StepMemory): number {
  if (status === 'Errored') return startedAtMs ?? atMs;
  return memory.startedAtMs ?? startedAtMs ?? memory.queuedAtMs ?? atMs;
}

function endOf({ startedAtMs, durationMs, atMs }: StepFact): number {
  return startedAtMs !== undefined && durationMs !== undefined ? startedAtMs + durationMs : atMs;
}

function stepAttributes(
  fact: StepFact,
  memory: StepMemory,
  startMs: number,
): ExportSpan['attributes'] {
  const { stepId, name, kind, status, op, attempt, attemptsMax, callId } = fact;
  return {
    'sys.lifecycle.id': moments[kind] ?? 'OnStepFinished',
    'sys.step.id': stepId,
    'sys.step.display.name': name,
    'sys.step.type': kind,
    'sys.step.run.type': runTypeOf(fact) ?? undefined,
    // The calls of one queue item are attempts at the same work.
    'sys.step.group.id': callId?.replace(/#\d+$/, ''),
    'sys.step.opcode': opcodes[kind] ?? op,
    'sys.step.status': status,
    'sys.step.attempt': attempt,
    'sys.step.attempt.max': attemptsMax,
    'sys.step.retry': attempt > 0,
    'sys.step.time.schedule': memory.queuedAtMs,
    'sys.step.time.start': Math.floor(startMs),
    'sys.step.time.end': Math.floor(Math.max(startMs, endOf(fact))),
  };
}

/** What began the wait is said when it begins, what ended it when it ends. */
function waitAttributes(
  { kind, status, detail }: StepFact,
  memory: StepMemory,
): ExportSpan['attributes'] {
  const before = (key: string): AttributeValue | undefined =>
    textOf(memory.detail?.[key] ?? undefined);
  const after = (key: string): AttributeValue | undefined => textOf(detail?.[key] ?? undefined);
  const begun = (key: string): AttributeValue | undefined => before(key) ?? after(key);
  const expired = status === 'TimedOut';
  switch (kind) {
    case 'sleep':
      return { 'sys.step.sleep.end': timeOf(begun('until')) };
    case 'waitForEvent':
      return {
        'sys.step.wait.event': begun('event'),
        'sys.step.wait.expr': begun('expression'),
        'sys.step.wait.expires': timeOf(begun('timeout')),
        'sys.step.wait.expired': expired,
        'sys.step.wait.matched.event.id': after('event_id'),
      };
    case 'waitForSignal':
      return {
        'sys.step.wait.signal': begun('signal'),
        'sys.step.wait.expires': timeOf(begun('timeout')),
        'sys.step.wait.expired': expired,
      };
    case 'invoke':
      return {
        'sys.step.invoke.fn.id': begun('function_id'),
        'sys.step.invoke.event.outgoing.id': before('event_id'),
        'sys.step.invoke.event.incoming.id': after('event_id'),
        'sys.step.invoke.run.id': after('run_id'),
        'sys.step.invoke.expires': timeOf(begun('timeout')),
        'sys.step.invoke.expired': expired,
      };
    default:
      return {};
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function timeOf(text: AttributeValue | undefined): number | undefined {
  const ms = typeof text === 'string' ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

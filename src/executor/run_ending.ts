/**
 * The end of a run: the events that tell of it and the facts for history (execution.md §14,
 * sdk-http-protocol.md §8.2). Pure; one script stores all of it with the end itself.
 */
import type { EventPayload, ReceivedEvent } from '../event/event.ts';
import { internalDataKey, internalEvents } from '../event/internal.ts';
import { factText } from '../history/fact.ts';
import { type Intake, intakeOf } from '../queue/intake.ts';
import type { RunWork } from './edge.ts';
import { parseDefer } from './opcodes/defer.ts';
import type { RunFailure } from './run_failure.ts';

export type EndStatus = 'Completed' | 'Failed' | 'Cancelled';

export interface Ending {
  readonly status: EndStatus;
  /** JSON text: the function's result, or the error as people see it. */
  readonly output: string | null;
  /** Of a failed run. */
  readonly error?: RunFailure | Readonly<Record<string, unknown>>;
}

export interface EndedRun extends RunWork {
  /** Of the first execution; null before it. */
  readonly startedAtMs?: number | null;
  /** JSON array text of the triggering events. */
  readonly events: string;
  readonly defers: readonly (readonly [string, string])[];
}

export interface EndContext {
  readonly nowMs: number;
  readonly newEventId: () => string;
}

export function endingOf(run: EndedRun, ending: Ending, context: EndContext): Intake {
  const events = [...lifecycleEvents(run, ending, context), ...deferredEvents(run, context)];
  const intake = intakeOf(events);
  const fact = factText({
    t: 'run.ended',
    runId: run.runId,
    atMs: context.nowMs,
    status: ending.status,
    output: ending.output ?? undefined,
    functionSlug: run.metadata.functionSlug,
    functionId: run.metadata.functionId,
    appId: run.metadata.appId,
    scheduledAtMs: run.metadata.scheduledAtMs,
    ...(run.startedAtMs !== null &&
      run.startedAtMs !== undefined && { startedAtMs: run.startedAtMs }),
  });
  return { items: intake.items, facts: [...intake.facts, fact] };
}

/** Runs that such events start tell nothing of their end, or they would start each other for ever. */
const silentTriggers: ReadonlySet<string> = new Set([
  internalEvents.failed,
  internalEvents.finished,
]);

function lifecycleEvents(run: EndedRun, ending: Ending, context: EndContext): ReceivedEvent[] {
  if (silentTriggers.has(run.metadata.eventName)) return [];
  // The text was written from EventPayloads when the run was created.
  const triggers = JSON.parse(run.events) as EventPayload[];
  const result: ReceivedEvent[] = [];
  for (const [index, trigger] of triggers.entries()) {
    const correlation = run.metadata.correlations[index] ?? '';
    if (index > 0 && correlation === '') continue;
    const data = endData(run, ending, triggers, trigger, correlation);
    const finishedId = context.newEventId();
    result.push(received(internalEvents.finished, finishedId, finishedId, data, trigger, context));
    if (ending.status === 'Completed') continue;
    const name = ending.status === 'Failed' ? internalEvents.failed : internalEvents.cancelled;
    result.push(received(name, context.newEventId(), run.runId, data, trigger, context));
  }
  return result;
}

function endData(
  run: EndedRun,
  ending: Ending,
  triggers: readonly EventPayload[],
  trigger: EventPayload,
  correlation: string,
): Record<string, unknown> {
  const result: unknown = ending.output === null ? null : JSON.parse(ending.output);
  return {
    function_id: run.metadata.functionSlug,
    run_id: run.runId,
    event: trigger,
    events: triggers,
    ...(ending.error && { error: ending.error }),
    ...(result !== null && { result }),
    ...(correlation !== '' && { correlation_id: correlation }),
    [internalDataKey]: { status: ending.status },
  };
}

function received(
  name: string,
  internalId: string,
  id: string,
  data: Record<string, unknown>,
  trigger: EventPayload,
  { nowMs }: EndContext,
): ReceivedEvent {
  const meta = trigger.meta;
  const payload = { name, id, ts: nowMs, data, user: {}, ...(meta && { meta }) };
  return { internalId, receivedAtMs: nowMs, idempotencyKey: '', payload };
}

function deferredEvents(run: EndedRun, { nowMs, newEventId }: EndContext): ReceivedEvent[] {
  const records = run.defers.map(([stepId, text]) => ({ stepId, record: parseDefer(text) }));
  const calledOff = new Set(
    records.filter((d) => d.record.status === 'abort').map((d) => d.record.target),
  );
  return records
    .filter((d) => d.record.status === 'after_run' && !calledOff.has(d.stepId))
    .map(({ stepId, record }) => {
      const internalId = newEventId();
      const input = JSON.parse(record.input ?? '{}') as Record<string, unknown>;
      const origin = {
        fn_slug: record.functionSlug,
        parent_app_id: run.metadata.appId,
        parent_fn_id: run.metadata.functionId,
        parent_fn_slug: run.metadata.functionSlug,
        parent_run_id: run.runId,
        parent_defer_id: stepId,
      };
      const data = { ...input, [internalDataKey]: origin };
      return {
        internalId,
        receivedAtMs: nowMs,
        idempotencyKey: '',
        payload: {
          name: internalEvents.deferredSchedule,
          id: internalId,
          ts: nowMs,
          data,
          user: {},
        },
      };
    });
}

/** The finished event of an invocation that came to no run, for the invoker that waits for it (execution.md §3.4). */
export function invocationFailed(
  correlation: string,
  functionSlug: string,
  message: string,
  { nowMs, newEventId }: EndContext,
): Intake {
  const internalId = newEventId();
  const data = {
    function_id: functionSlug,
    run_id: '',
    correlation_id: correlation,
    error: { name: 'Error', message },
  };
  const payload = { name: internalEvents.finished, id: internalId, ts: nowMs, data, user: {} };
  return intakeOf([{ internalId, receivedAtMs: nowMs, idempotencyKey: '', payload }]);
}

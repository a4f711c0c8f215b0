/** From a function and its events to a new run: everything that one script then creates (execution.md §4). */
import { createHash } from 'node:crypto';
import type { EventPayload } from '../event/event.ts';
import { internalDataKey, internalEvents } from '../event/internal.ts';
import { deadlineItem, timeoutMs } from '../executor/deadline.ts';
import { type Edge, edgeItem } from '../executor/edge.ts';
import { waitMsDefault } from '../executor/limits.ts';
import { invocationFailed } from '../executor/run_ending.ts';
import { evaluateKey } from '../expression/expression.ts';
import { interpolate } from '../expression/interpolate.ts';
import { concurrencyKeysOf } from '../flow/concurrency.ts';
import type { FunctionDefinition } from '../function/definition.ts';
import { factText, type SkipReason } from '../history/fact.ts';
import { timeoutAt } from '../lib/timeout.ts';
import type { NewPause } from '../pause/pause.ts';
import { type Intake, payloadOf, type WaitingEvent } from '../queue/intake.ts';
import { runItemId } from '../queue/item.ts';
import type { NewRun, Preset } from '../state/run_creation.ts';
import { type RunMetadata, runDueMs } from '../state/run_metadata.ts';

/** A function starts at most once per event id, or per idempotency key, within this time. */
export const idempotencyMs = 24 * 60 * 60 * 1000;
/**
 * For events whose id comes from a seed alone: the sender repeats such a request within seconds (http-api.md §16), and
 * every event that an SDK sends has a seed, so that a longer memory would be a large one.
 */
const seededMs = 60 * 60 * 1000;

export interface RunStart {
  readonly fn: FunctionDefinition;
  readonly event: WaitingEvent;
  readonly payload: EventPayload;
  readonly runId: string;
  readonly nowMs: number;
  readonly newEventId: () => string;
  /** The schedule that fired. */
  readonly cron?: string;
  readonly rerun?: RerunOf;
}

/** What a run has from the one that it repeats (execution.md §18). */
export interface RerunOf {
  readonly originalRunId: string;
  /** The bulk rerun that asked for it. */
  readonly replayId?: string;
  readonly batchId?: string;
  /** The events of a batch after its first. */
  readonly furtherEvents: readonly WaitingEvent[];
  /** Traceparent of the original run. */
  readonly link: string;
  /** Of a rerun from a step: what is known already, and the step that is run first where that can be said. */
  readonly preset?: Preset;
  readonly target?: Edge['target'];
  /** Facts about the steps that are known already. */
  readonly presetFacts?: readonly string[];
}

export function startedRun(start: RunStart): NewRun {
  const { fn, runId, nowMs, rerun } = start;
  const metadata = metadataOf(start);
  const atMs = runDueMs(metadata);
  const id = runItemId(runId, 'start');
  const startTimeoutMs = timeoutMs(fn.timeouts?.start);
  return {
    runId,
    metadata,
    events: `[${eventsOf(start)
      .map((event) => event.payload)
      .join(',')}]`,
    requestVersion: -1,
    idempotencyKeys: idempotencyKeysOf(start),
    items: [
      edgeItem({ runId, metadata }, { id, kind: 'start', atMs, nowMs, target: rerun?.target }),
      ...(startTimeoutMs > 0 ? [deadlineItem(runId, fn.id, 'start', atMs + startTimeoutMs)] : []),
    ],
    cancellations: cancellationsOf(start, metadata),
    facts: [scheduledFact(start), ...(rerun?.presetFacts ?? [])],
    ...(rerun?.preset && { preset: rerun.preset }),
    otherwise: answerToInvoker(start, 'invoked function is rate limited'),
  };
}

/** A run that people see, though nothing of it is created. Its event may start the function another time. */
export function skippedRun(start: RunStart, skipReason: SkipReason, message: string): Intake {
  const { fn, runId, nowMs } = start;
  const answer = answerToInvoker(start, message);
  const ended = factText({
    t: 'run.ended',
    runId,
    atMs: nowMs,
    status: 'Skipped',
    skipReason,
    functionSlug: fn.slug,
    functionId: fn.id,
    appId: fn.appId,
    scheduledAtMs: nowMs,
  });
  return { items: answer.items, facts: [...answer.facts, scheduledFact(start), ended] };
}

function eventsOf({ event, rerun }: RunStart): readonly [WaitingEvent, ...WaitingEvent[]] {
  return [event, ...(rerun?.furtherEvents ?? [])];
}

function metadataOf(start: RunStart): RunMetadata {
  const { fn, payload, nowMs, cron } = start;
  const [, ...further] = eventsOf(start);
  return {
    functionId: fn.id,
    functionVersion: fn.version,
    functionSlug: fn.slug,
    appId: fn.appId,
    scheduledAtMs: nowMs,
    // An event from the future starts its functions then, but for a batch.
    ...(payload.ts > nowMs && further.length === 0 ? { dueAtMs: payload.ts } : {}),
    eventIds: eventsOf(start).map(({ internalId }) => internalId),
    eventName: payload.name,
    correlations: [payload, ...further.map(payloadOf)].map(correlationOf),
    priorityMs: 0,
    concurrencyKeys: concurrencyKeysOf(fn, payload),
    mode: 'async',
    attemptsMax: fn.retries + 1,
    ...(cron === undefined ? {} : { cron }),
  };
}

/** The wait of an invoker that this event answers to; '' for none. */
export function correlationOf(payload: EventPayload): string {
  const invocation = payload.data[internalDataKey];
  if (typeof invocation !== 'object' || invocation === null) return '';
  const id: unknown = 'correlation_id' in invocation ? invocation.correlation_id : undefined;
  return typeof id === 'string' ? id : '';
}

function idempotencyKeysOf({ fn, event, payload, rerun }: RunStart): NewRun['idempotencyKeys'] {
  // Asked for each time anew: nothing that was started before stands against it.
  if (rerun !== undefined) return [];
  const keys: { key: string; lifetimeMs: number }[] = [];
  if (event.idempotencyKey !== '') {
    const lifetimeMs = event.idempotencyKey === event.internalId ? seededMs : idempotencyMs;
    keys.push({ key: `${fn.id}:event:${digest(event.idempotencyKey)}`, lifetimeMs });
  }
  if (fn.idempotency !== undefined) {
    const evaluated = evaluateKey(fn.idempotency, { event: payload });
    // A missing path switches the control off for this event (execution.md §15.1).
    if (evaluated.ok && evaluated.key !== false) {
      keys.push({ key: `${fn.id}:key:${digest(evaluated.key)}`, lifetimeMs: idempotencyMs });
    }
  }
  return keys;
}

/** Keys come from users and may be long. */
export function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}

function cancellationsOf(start: RunStart, metadata: RunMetadata): NewPause[] {
  const { fn, event, payload, runId, nowMs, rerun } = start;
  // Runs of several events are not cancelled by others (execution.md §4.2).
  if (rerun !== undefined && rerun.furtherEvents.length > 0) return [];
  const pauses: NewPause[] = [];
  for (const [index, rule] of fn.cancel.entries()) {
    const filled = rule.if ? interpolate(rule.if, { event: payload }) : null;
    const expression = filled === null ? '' : filled.ok ? filled.text : (rule.if ?? '');
    // It can never match this run.
    if (expression === 'false') continue;
    const end = rule.timeout ? timeoutAt(rule.timeout, nowMs) : null;
    pauses.push({
      id: `${runId}:cancel:${index}`,
      runId,
      stepId: '',
      kind: 'cancel',
      subject: rule.event,
      expression,
      // What has cancelled a run before does not cancel the one that repeats it.
      createdMs: rerun === undefined ? event.receivedAtMs : nowMs,
      triggerId: rerun === undefined ? event.internalId : runId,
      stepName: '',
      expiresMs: end?.ok ? end.atMs : nowMs + waitMsDefault,
      timeoutItemId: '',
      parallelMode: '',
      followUp: {
        partition: metadata.functionId,
        attemptsMax: 1,
        data: '',
        scoreMs: 0,
        concurrencyKeys: [],
      },
    });
  }
  return pauses;
}

function scheduledFact(start: RunStart): string {
  const { fn, payload, runId, nowMs, cron, rerun } = start;
  const senders = eventsOf(start).flatMap(({ traceparent }) => traceparent ?? []);
  const links = rerun === undefined ? senders : [rerun.link, ...senders];
  const of = rerun && {
    originalRunId: rerun.originalRunId,
    replayId: rerun.replayId,
    batchId: rerun.batchId,
  };
  return factText({
    t: 'run.scheduled',
    runId,
    functionId: fn.id,
    functionVersion: fn.version,
    functionSlug: fn.slug,
    functionName: fn.name,
    appId: fn.appId,
    appName: fn.appName,
    eventIds: eventsOf(start).map(({ internalId }) => internalId),
    eventName: payload.name,
    atMs: nowMs,
    ...of,
    ...(cron === undefined ? {} : { cron }),
    ...(payload.name === internalEvents.deferredSchedule && { isDeferred: true }),
    ...(links.length > 0 && { links }),
  });
}

/** An invoke that starts nothing must not leave its invoker waiting (execution.md §3.5). */
function answerToInvoker(start: RunStart, message: string): Intake {
  const correlation = correlationOf(start.payload);
  if (correlation === '') return { items: [], facts: [] };
  return invocationFailed(correlation, start.fn.slug, message, start);
}

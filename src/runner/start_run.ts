/** From a function and its events to a new run: everything that one script then creates (execution.md §4). */
import { createHash } from 'node:crypto';
import type { EventPayload } from '../event/event.ts';
import { internalDataKey } from '../event/internal.ts';
import { deadlineItem, timeoutMs } from '../executor/deadline.ts';
import { edgeItem } from '../executor/edge.ts';
import { waitMsDefault } from '../executor/limits.ts';
import { invocationFailed } from '../executor/run_ending.ts';
import { evaluateKey } from '../expression/expression.ts';
import { interpolate } from '../expression/interpolate.ts';
import { concurrencyKeysOf } from '../flow/concurrency.ts';
import type { FunctionDefinition } from '../function/definition.ts';
import { factText } from '../history/fact.ts';
import { timeoutAt } from '../lib/timeout.ts';
import type { NewPause } from '../pause/pause.ts';
import type { WaitingEvent } from '../queue/intake.ts';
import { runItemId } from '../queue/item.ts';
import type { NewRun } from '../state/run_creation.ts';
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
}

export function startedRun(start: RunStart): NewRun {
  const { fn, event, runId, nowMs } = start;
  const metadata = metadataOf(start);
  const atMs = runDueMs(metadata);
  const id = runItemId(runId, 'start');
  const startTimeoutMs = timeoutMs(fn.timeouts?.start);
  return {
    runId,
    metadata,
    events: `[${event.payload}]`,
    requestVersion: -1,
    idempotencyKeys: idempotencyKeysOf(start),
    items: [
      edgeItem({ runId, metadata }, { id, kind: 'start', atMs, nowMs }),
      ...(startTimeoutMs > 0 ? [deadlineItem(runId, fn.id, 'start', atMs + startTimeoutMs)] : []),
    ],
    cancellations: cancellationsOf(start, metadata),
    facts: [scheduledFact(start)],
    otherwise: answerToInvoker(start, metadata),
  };
}

function metadataOf({ fn, event, payload, nowMs, cron }: RunStart): RunMetadata {
  return {
    functionId: fn.id,
    functionVersion: fn.version,
    functionSlug: fn.slug,
    appId: fn.appId,
    scheduledAtMs: nowMs,
    // An event from the future starts its functions then.
    ...(payload.ts > nowMs ? { dueAtMs: payload.ts } : {}),
    eventIds: [event.internalId],
    eventName: payload.name,
    correlations: [correlationOf(payload)],
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

function idempotencyKeysOf({ fn, event, payload }: RunStart): NewRun['idempotencyKeys'] {
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
  const { fn, event, payload, runId, nowMs } = start;
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
      createdMs: event.receivedAtMs,
      triggerId: event.internalId,
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

function scheduledFact({ fn, event, payload, runId, nowMs, cron }: RunStart): string {
  return factText({
    t: 'run.scheduled',
    runId,
    functionId: fn.id,
    functionVersion: fn.version,
    functionSlug: fn.slug,
    appId: fn.appId,
    eventIds: [event.internalId],
    eventName: payload.name,
    atMs: nowMs,
    ...(cron === undefined ? {} : { cron }),
  });
}

/** An invoke that starts nothing must not leave its invoker waiting (execution.md §3.5). */
function answerToInvoker(start: RunStart, metadata: RunMetadata): NewRun['otherwise'] {
  const correlation = metadata.correlations[0] ?? '';
  if (correlation === '') return { items: [], facts: [] };
  const message = 'invoked function is rate limited';
  return invocationFailed(correlation, start.fn.slug, message, start);
}

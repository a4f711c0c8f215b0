/**
 * An invocation by idempotency key, and the run that it starts. A run gets its id when its event is delivered, so
 * whoever wants to know it waits for it to appear in history.
 */
import { createHash } from 'node:crypto';
import type { ReceivedEvent } from '../../event/event.ts';
import { parseInvocation } from '../../event/invocation.ts';
import { type EventSeed, seededId } from '../../event/seed.ts';
import type { FunctionDefinition } from '../../function/definition.ts';
import type { History, RunRecord } from '../../history/history.ts';
import type { Clock } from '../../lib/clock.ts';
import { idempotencyMs } from '../../runner/start_run.ts';
import { Problem } from '../problem.ts';

/** Long enough for a busy server to deliver an event, short enough for a caller to stay. */
export const runWaitMs = 10_000;
const pollMsFirst = 5;
const pollMsMax = 200;
/**
 * Ids of events with a key begin with the hour, so that they stand where they belong among others, and follow from
 * the key: a later request finds the event of an earlier one by trying the hours of a day.
 */
const hourMs = 60 * 60 * 1000;

export interface Invocation {
  readonly event: ReceivedEvent;
  /** Where an earlier invocation with the same key stands in history; the event's own id is the first. */
  readonly eventIds: readonly string[];
}

/** Throws `Problem` 400 or 413 when the event cannot be. */
export function invocationOf(
  fn: FunctionDefinition,
  data: Readonly<Record<string, unknown>>,
  key: string | undefined,
  nowMs: number,
): Invocation {
  const seeds = key === undefined ? [] : seedsOf(`${fn.id}:${key}`, nowMs);
  const text = JSON.stringify({ data, ...(key === undefined ? {} : { id: key }) });
  const options = { seed: seeds[0] ?? null, nowMs, keyIndexBase: 0 };
  const parsed = parseInvocation(text, fn.slug, options);
  if (!parsed.ok) {
    const isTooLarge = parsed.message.startsWith('Event is over');
    throw new Problem(isTooLarge ? 413 : 400, parsed.message);
  }
  if (key === undefined) {
    return { event: parsed.event, eventIds: [parsed.event.internalId] };
  }
  // Apart from ids that senders give their events: those may say the same about something else.
  const event = { ...parsed.event, idempotencyKey: `invoke:${key}` };
  return { event, eventIds: seeds.map((seed) => seededId(seed, 0)) };
}

/** Of this hour and of those before it for which a key is remembered. */
function seedsOf(key: string, nowMs: number): readonly EventSeed[] {
  const entropy = createHash('sha256').update(key).digest().subarray(0, 10);
  const hour = Math.floor(nowMs / hourMs);
  return Array.from({ length: idempotencyMs / hourMs + 1 }, (_, back) => ({
    ms: (hour - back) * hourMs,
    entropy: Uint8Array.from(entropy),
  }));
}

export interface RunWait {
  readonly history: Pick<History, 'runsOfEvents'>;
  readonly clock: Clock;
  readonly functionId: string;
  readonly eventIds: readonly string[];
  /** Of the invocation. */
  readonly sinceMs: number;
  readonly signal: AbortSignal;
}

/** The run of the invocation, or null when none has appeared in `runWaitMs` or nobody waits any more. */
export async function startedRun(wait: RunWait): Promise<RunRecord | null> {
  const { clock, signal } = wait;
  const untilMs = clock.now() + runWaitMs;
  for (let pollMs = pollMsFirst; !signal.aborted; pollMs = Math.min(pollMs * 2, pollMsMax)) {
    const run = await runOf(wait);
    if (run !== null || clock.now() >= untilMs) return run;
    await pause(clock, pollMs, signal);
  }
  return null;
}

/** Reruns have the same event; the first run is the one that it started. */
async function runOf({ history, functionId, eventIds, sinceMs }: RunWait) {
  const runs = await history.runsOfEvents(eventIds);
  for (const id of eventIds) {
    const started = (runs.get(id) ?? []).find(
      (run) =>
        run.functionId === functionId &&
        run.originalRunId === null &&
        run.scheduledAtMs > sinceMs - idempotencyMs,
    );
    if (started !== undefined) return started;
  }
  return null;
}

function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.at(clock.now() + ms, done);
    function done(): void {
      signal.removeEventListener('abort', done);
      timer.cancel();
      resolve();
    }
    signal.addEventListener('abort', done);
  });
}

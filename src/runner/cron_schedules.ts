/**
 * Schedules: one queue item per function and cron expression, due at its next tick. When it fires, the run, the
 * event and the item for the tick after are one transition (execution.md §16).
 */
import { z } from 'zod';
import { internalEvents } from '../event/internal.ts';
import type { FunctionDefinition } from '../function/definition.ts';
import {
  jitterMs,
  nextTick,
  nextTickAfterDowntime,
  parseSchedule,
  type Schedule,
} from '../function/schedule.ts';
import type { Clock } from '../lib/clock.ts';
import { parseDuration } from '../lib/duration.ts';
import type { Logger } from '../lib/logger.ts';
import { intakeOf, type WaitingEvent, waitingEvents } from '../queue/intake.ts';
import { itemListArgs, type LeasedItem, type NewItem } from '../queue/item.ts';
import { dequeue, enqueue } from '../queue/queue.ts';
import type { Registry } from '../state/registry.ts';
import { type NewRun, runArgs } from '../state/run_creation.ts';
import type { Store } from '../store/store.ts';
import { digest, idempotencyMs, type RunStart, skippedRun, startedRun } from './start_run.ts';

const tickSchema = z.object({ functionId: z.string(), cron: z.string(), tickMs: z.number() });
type Tick = z.infer<typeof tickSchema>;

const attemptsMax = 1_000_000;

export interface CronParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: Registry;
  readonly newId: () => string;
  /** Whether schedules start no runs of the function; left out, none is paused. */
  readonly isPaused?: (functionId: string) => boolean;
}

export class CronSchedules {
  constructor(private readonly parts: CronParts) {}

  /** Makes sure that every schedule has its item. Those that have one keep it, with the tick it waits for. */
  async reconcile(): Promise<void> {
    const { store, clock, registry } = this.parts;
    const items: NewItem[] = [];
    for (const { fn, cron } of registry.cronFunctions()) {
      const parsed = parseSchedule(cron);
      if (!parsed.ok) continue;
      const tickMs = nextTick(parsed.schedule, clock.now());
      items.push(tickItem({ functionId: fn.id, cron, tickMs }, jitterOf(fn, cron)));
    }
    if (items.length > 0) await enqueue(store, items);
  }

  async handle(item: LeasedItem): Promise<void> {
    const { store, registry, log } = this.parts;
    const tick = tickSchema.parse(JSON.parse(item.data));
    const fn = registry.functionById(tick.functionId);
    const hasTrigger = fn?.triggers.some((t) => 'cron' in t && t.cron === tick.cron) ?? false;
    const parsed = parseSchedule(tick.cron);
    if (fn === null || !hasTrigger || !parsed.ok) {
      log.debug('a schedule is gone', { function: tick.functionId, cron: tick.cron });
      await dequeue(store, item);
      return;
    }
    await this.fire(item, fn, tick, parsed.schedule);
  }

  private async fire(
    item: LeasedItem,
    fn: FunctionDefinition,
    tick: Tick,
    schedule: Schedule,
  ): Promise<void> {
    const { store, clock, isPaused } = this.parts;
    const nowMs = clock.now();
    const { missedMs, nextMs } = nextTickAfterDowntime(schedule, tick.tickMs, nowMs);
    // After downtime only the latest of the missed ticks runs.
    const fired = { ...tick, tickMs: missedMs ?? tick.tickMs };
    const { start, facts } = this.start(fn, fired, nowMs);
    const skipped =
      isPaused?.(fn.id) === true ? skippedRun(start, 'FunctionPaused', 'function is paused') : null;
    const runs = skipped === null ? [scheduledRun(start, fired)] : [];
    const told = [...facts, ...(skipped?.facts ?? [])];
    const next = tickItem({ ...tick, tickMs: nextMs }, jitterOf(fn, tick.cron));
    await store.run('event_deliver', [
      nowMs,
      item.id,
      item.leaseToken,
      -1,
      0,
      runs.length,
      ...runs.flatMap(runArgs),
      ...itemListArgs([next]),
      told.length,
      ...told,
    ]);
  }

  private start(
    fn: FunctionDefinition,
    tick: Tick,
    nowMs: number,
  ): { start: RunStart; facts: readonly string[] } {
    const { newId } = this.parts;
    const internalId = newId();
    const scheduledAt = new Date(tick.tickMs).toISOString().replace('.000Z', 'Z');
    const fireMs = tick.tickMs + jitterMs(seedOf(tick), jitterOf(fn, tick.cron));
    const fireAt = new Date(fireMs).toISOString().replace('.000Z', 'Z');
    const payload = {
      name: internalEvents.scheduledTimer,
      id: scheduledAt,
      ts: fireMs,
      data: { cron: tick.cron, scheduledAt, fireAt },
      user: {},
    };
    const received = { internalId, receivedAtMs: nowMs, idempotencyKey: '', payload };
    const intake = intakeOf([received]);
    const event = intake.items.flatMap((i): WaitingEvent[] => waitingEvents(i.data))[0];
    if (event === undefined) throw new Error('an event without a row');
    const start = { fn, event, payload, runId: newId(), nowMs, newEventId: newId, cron: tick.cron };
    return { start, facts: intake.facts };
  }
}

/** One run per tick and function, whoever fires it. */
function scheduledRun(start: RunStart, { tickMs }: Tick): NewRun {
  const run = startedRun(start);
  const once = { key: `${start.fn.id}:tick:${tickMs}`, lifetimeMs: idempotencyMs };
  return { ...run, idempotencyKeys: [...run.idempotencyKeys, once] };
}

function tickItem(tick: Tick, jitterMsMax: number): NewItem {
  const atMs = tick.tickMs + jitterMs(seedOf(tick), jitterMsMax);
  return {
    id: `cron.${tick.functionId}.${digest(tick.cron)}`,
    partition: 'cron',
    kind: 'cron',
    runId: '',
    atMs,
    scoreMs: atMs,
    attemptsMax,
    data: JSON.stringify(tick),
  };
}

function seedOf(tick: Tick): string {
  return `${tick.functionId}:${tick.cron}:${tick.tickMs}`;
}

function jitterOf(fn: FunctionDefinition, cron: string): number {
  for (const trigger of fn.triggers) {
    if ('cron' in trigger && trigger.cron === cron && trigger.jitter) {
      return parseDuration(trigger.jitter) ?? 0;
    }
  }
  return 0;
}

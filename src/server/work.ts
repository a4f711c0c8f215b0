/** The parts that do the work of queue items: deliver events, call apps, fire schedules, end runs. */
import type { Driver } from '../driver/driver.ts';
import { endpointDriver } from '../driver/endpoint.ts';
import { performGateway } from '../driver/gateway.ts';
import { httpDriver } from '../driver/http.ts';
import { Executor } from '../executor/executor.ts';
import { ItemFailures } from '../executor/item_failures.ts';
import type { RunOutputs } from '../executor/run_outputs.ts';
import { Terminator, type TerminatorParts } from '../executor/terminator.ts';
import { accountLimitDefault, functionLimit } from '../flow/concurrency.ts';
import { MemoryReturn } from '../lib/memory_return.ts';
import { Waiting } from '../pause/waiting.ts';
import type { LeasedItem } from '../queue/item.ts';
import { Processor } from '../queue/processor.ts';
import { CronSchedules } from '../runner/cron_schedules.ts';
import { aheadElsewhere } from '../runner/deliveries_elsewhere.ts';
import { Delivery } from '../runner/delivery.ts';
import { listenToScripts } from '../store/messages.ts';
import { outward } from '../store/outward.ts';
import { patiently, patientStore } from '../store/patient_store.ts';
import type { Store } from '../store/store.ts';
import type { Ground } from './ground.ts';

/** The queue's worker loop and the handlers of its items. */
export function workParts(ground: Ground, outputs: RunOutputs) {
  const { clock, log, settings, newId, registry, functions, limits, stopping } = ground;
  const { isShared, process } = ground;
  const { signal } = stopping;
  // What workers have in hand would be lost with a failure. The embedded store is never away.
  const whenBack = (resync: () => void) => listenToScripts(ground.store, { resync });
  const patience = { clock, random: Math.random, signal, whenBack };
  const store = isShared ? patientStore(ground.store, patience) : ground.store;
  const gate = outward(store);
  const terminator = terminatorOn(store, ground, outputs);
  const signingKey = settings.signingKey ?? undefined;
  const gated = (driver: Driver): Driver => ({
    call: gate((request, until) => driver.call(request, until)),
  });
  const http = gated(httpDriver({ clock, signingKey }));
  const endpoints = gated(endpointDriver({ clock, signingKey }));
  const executor = new Executor({
    store,
    clock,
    log,
    functions,
    driverOf: (fn) => (fn.driver === 'sync' ? endpoints : http),
    gateway: gate(performGateway),
    limits,
    terminator,
    newId,
    random: Math.random,
    retryIntervalMs: settings.retryIntervalMs,
    stopping: signal,
  });
  const waiting = new Waiting(store, clock);
  const delivery = new Delivery({
    ...{ store, clock, log, registry, waiting, terminator, newId },
    ...(isShared && { aheadOf: (item) => aheadElsewhere({ store, clock, registry }, item) }),
  });
  const crons = new CronSchedules({ store, clock, log, registry, newId });
  const failures = new ItemFailures({
    store,
    clock,
    log,
    terminator,
    retryIntervalMs: settings.retryIntervalMs,
    random: Math.random,
  });
  const memory = new MemoryReturn(clock, () => {
    Bun.gc(true);
    Bun.shrink();
  });
  const processor = new Processor({
    store: ground.store,
    clock,
    log,
    process,
    workers: settings.queueWorkers,
    isShared,
    limitsOf: async (partition) => {
      // Another process may have registered it a moment ago.
      if (isShared && functions.functionById(partition) === null) await registry.refresh();
      const fn = functions.functionById(partition);
      return { function: fn === null ? 0 : functionLimit(fn), account: accountLimitDefault };
    },
    newToken: newId,
    random: Math.random,
    handle: async (item) => {
      try {
        // Events and schedules start what is registered by any process by now.
        if (isShared && (item.kind === 'events' || item.kind === 'cron')) {
          await patiently(() => registry.refresh(), patience);
        }
        await handlerOf(item, { delivery, crons, executor });
      } catch (error) {
        await failures.handle(item, error);
      }
      memory.note();
    },
  });
  return { waiting, crons, memory, processor };
}

export type WorkParts = ReturnType<typeof workParts>;

export function terminatorOn(
  store: Store,
  { clock, functions, newId }: Ground,
  outputs: RunOutputs,
): Terminator {
  const onEnd: TerminatorParts['onEnd'] = (runId, ending) => outputs.ended(runId, ending);
  return new Terminator({ store, clock, functions, newId, onEnd });
}

/** Every schedule has its queue item, now and after each change of an app. */
export async function keepSchedules(
  { registry, log }: Ground,
  crons: CronSchedules,
): Promise<void> {
  await crons.reconcile();
  registry.onChange(() => {
    crons.reconcile().catch((error: unknown) => log.error('schedules could not be set', { error }));
  });
}

async function handlerOf(
  item: LeasedItem,
  parts: {
    readonly delivery: Delivery;
    readonly crons: CronSchedules;
    readonly executor: Executor;
  },
): Promise<void> {
  if (item.kind === 'events') return parts.delivery.handle(item);
  if (item.kind === 'cron') return parts.crons.handle(item);
  return parts.executor.handle(item);
}

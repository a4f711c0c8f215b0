/** The parts that do the work of queue items: deliver events, call apps, fire schedules, end runs. */
import { dagDriver } from '../driver/dag/dag_driver.ts';
import type { Driver } from '../driver/driver.ts';
import { endpointDriver } from '../driver/endpoint.ts';
import { performGateway } from '../driver/gateway.ts';
import { httpDriver } from '../driver/http.ts';
import { BulkWork } from '../executor/bulk_work.ts';
import { Executor } from '../executor/executor.ts';
import { ItemFailures } from '../executor/item_failures.ts';
import type { RunOutputs } from '../executor/run_outputs.ts';
import { Terminator, type TerminatorParts } from '../executor/terminator.ts';
import { accountLimitDefault, functionLimit } from '../flow/concurrency.ts';
import type { FunctionDefinition } from '../function/definition.ts';
import { MemoryReturn } from '../lib/memory_return.ts';
import { Waiting } from '../pause/waiting.ts';
import type { LeasedItem } from '../queue/item.ts';
import { Processor } from '../queue/processor.ts';
import { CronSchedules } from '../runner/cron_schedules.ts';
import { aheadElsewhere } from '../runner/deliveries_elsewhere.ts';
import { Delivery } from '../runner/delivery.ts';
import { Reruns } from '../runner/reruns.ts';
import { loadRun } from '../state/run_state.ts';
import { listenToScripts } from '../store/messages.ts';
import { outward } from '../store/outward.ts';
import { patiently, patientStore } from '../store/patient_store.ts';
import type { Store } from '../store/store.ts';
import type { Ground } from './ground.ts';
import type { ReadingParts } from './reading.ts';

/** What starts functions by their registration, which another process may have changed a moment ago. */
const startsRuns: ReadonlySet<LeasedItem['kind']> = new Set(['events', 'cron', 'bulk']);

/** The queue's worker loop and the handlers of its items. */
export function workParts(ground: Ground, reading: ReadingParts) {
  const { clock, log, settings, registry, stopping, isShared } = ground;
  // What workers have in hand would be lost with a failure. The embedded store is never away.
  const whenBack = (resync: () => void) => listenToScripts(ground.store, { resync });
  const patience = { clock, random: Math.random, signal: stopping.signal, whenBack };
  const store = isShared ? patientStore(ground.store, patience) : ground.store;
  const terminator = terminatorOn(store, ground, reading.outputs);
  const handlers = handlersOf(store, terminator, ground, reading);
  const { retryIntervalMs } = settings;
  const random = Math.random;
  const failures = new ItemFailures({ store, clock, log, terminator, retryIntervalMs, random });
  const memory = new MemoryReturn(clock, () => {
    Bun.gc(true);
    Bun.shrink();
  });
  const processor = processorOf(ground, async (item) => {
    try {
      // Events and schedules start what is registered by any process by now.
      if (isShared && startsRuns.has(item.kind)) {
        await patiently(() => registry.refresh(), patience);
      }
      await handle(item, handlers);
    } catch (error) {
      await failures.handle(item, error);
    }
    memory.note();
  });
  const { waiting, crons, reruns } = handlers;
  return { waiting, crons, reruns, memory, processor };
}

/** What deals with the items of the queue, by kind. */
function handlersOf(
  store: Store,
  terminator: Terminator,
  ground: Ground,
  { outputs, fresh, pump }: ReadingParts,
) {
  const { clock, log, newId, registry, pauses, isShared } = ground;
  const waiting = new Waiting(store, clock);
  const isPaused = (id: string) => pauses.isPaused(id);
  const delivery = new Delivery({
    ...{ store, clock, log, registry, waiting, terminator, newId, isPaused },
    ...(isShared && { aheadOf: (item) => aheadElsewhere({ store, clock, registry }, item) }),
  });
  const crons = new CronSchedules({ store, clock, log, registry, newId, isPaused });
  const reruns = new Reruns({ store, clock, registry, history: fresh, newId });
  const bulk = new BulkWork({
    ...{ store, clock, newId, history: fresh },
    newRunOf: (run, replayId) => reruns.newRunOf(run, replayId),
    onEnd: (runId, ending) => outputs.ended(runId, ending),
    isOverloaded: () => pump.isBehind,
  });
  const executor = executorOn(store, terminator, ground);
  return { waiting, delivery, crons, reruns, bulk, executor };
}

type Handlers = ReturnType<typeof handlersOf>;

async function handle(item: LeasedItem, handlers: Handlers): Promise<void> {
  if (item.kind === 'events') return handlers.delivery.handle(item);
  if (item.kind === 'cron') return handlers.crons.handle(item);
  if (item.kind === 'bulk') return handlers.bulk.handle(item);
  return handlers.executor.handle(item);
}

/** The executor, whose calls wait for the disk. */
function executorOn(store: Store, terminator: Terminator, ground: Ground): Executor {
  const { clock, log, functions, limits, newId, settings, stopping } = ground;
  const gate = outward(store);
  const signingKey = settings.signingKey ?? undefined;
  const { callTimeoutMs } = settings;
  const gated = (driver: Driver): Driver => ({
    call: gate((request, until) => driver.call(request, until)),
  });
  const http = gated(httpDriver({ clock, signingKey, timeoutMs: callTimeoutMs }));
  const endpoints = gated(endpointDriver({ clock, signingKey, timeoutMs: callTimeoutMs }));
  const loadSteps = async (runId: string) =>
    (await loadRun(store, runId, { withSteps: true }))?.steps ?? null;
  const dags = dagDriver({ clock, signingKey, callTimeoutMs, loadSteps });
  const driverOf = ({ driver, dag }: FunctionDefinition): Driver => {
    if (dag !== undefined) return gated(dags(dag));
    return driver === 'sync' ? endpoints : http;
  };
  return new Executor({
    ...{ store, clock, log, functions, limits, terminator, newId },
    driverOf,
    gateway: gate(performGateway),
    random: Math.random,
    retryIntervalMs: settings.retryIntervalMs,
    stopping: stopping.signal,
  });
}

function processorOf(ground: Ground, work: (item: LeasedItem) => Promise<void>): Processor {
  const { store, clock, log, process, settings, isShared, registry, functions, newId } = ground;
  return new Processor({
    ...{ store, clock, log, process, isShared },
    workers: settings.queueWorkers,
    limitsOf: async (partition) => {
      // Another process may have registered it a moment ago.
      if (isShared && functions.functionById(partition) === null) await registry.refresh();
      const fn = functions.functionById(partition);
      return { function: fn === null ? 0 : functionLimit(fn), account: accountLimitDefault };
    },
    newToken: newId,
    random: Math.random,
    handle: work,
  });
}

export type WorkParts = ReturnType<typeof workParts>;

export function terminatorOn(
  store: Store,
  { clock, functions, newId, log }: Ground,
  outputs: RunOutputs,
): Terminator {
  const onEnd: TerminatorParts['onEnd'] = (runId, ending) => outputs.ended(runId, ending);
  return new Terminator({ store, clock, functions, newId, log, onEnd });
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

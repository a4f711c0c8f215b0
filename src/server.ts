/**
 * The composition root: builds every part from Settings, starts them in order and stops them in reverse.
 * Nothing else constructs parts.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createApp } from './api/app.ts';
import type { Services } from './api/services.ts';
import type { Settings } from './cli/settings.ts';
import { version } from './cli/version.ts';
import { endpointDriver } from './driver/endpoint.ts';
import type { Fetch } from './driver/exchange.ts';
import { httpDriver } from './driver/http.ts';
import { pingApp } from './driver/ping.ts';
import { probeSdk } from './driver/probe.ts';
import { appFetch } from './driver/wide_fetch.ts';
import { AsyncCheckpoints } from './executor/checkpoints.ts';
import { Executor } from './executor/executor.ts';
import type { Functions } from './executor/functions.ts';
import { ItemFailures } from './executor/item_failures.ts';
import { RunLimits } from './executor/limits.ts';
import { RunOutputs } from './executor/run_outputs.ts';
import { RunControl } from './executor/runs.ts';
import { SignalSender } from './executor/signals.ts';
import { SyncRuns } from './executor/sync_runs.ts';
import { Terminator } from './executor/terminator.ts';
import { accountLimitDefault, functionLimit } from './flow/concurrency.ts';
import { appUrlOf } from './function/url.ts';
import { freshHistory, readWaitMsMax } from './history/fresh_history.ts';
import type { History } from './history/history.ts';
import { OutboxPump } from './history/outbox_pump.ts';
import { openSqliteHistory } from './history/sqlite/sqlite_history.ts';
import { type Clock, systemClock } from './lib/clock.ts';
import type { Logger } from './lib/logger.ts';
import { MemoryReturn } from './lib/memory_return.ts';
import { ulid } from './lib/ulid.ts';
import { Waiting } from './pause/waiting.ts';
import type { LeasedItem } from './queue/item.ts';
import { Processor } from './queue/processor.ts';
import { rebuild } from './queue/queue.ts';
import { AppDiscovery, discoveryPorts } from './runner/app_discovery.ts';
import { AppPoll } from './runner/app_poll.ts';
import { syncApp } from './runner/app_sync.ts';
import { reportingSync } from './runner/app_sync_report.ts';
import { CronSchedules } from './runner/cron_schedules.ts';
import { Delivery } from './runner/delivery.ts';
import { EventIntake } from './runner/event_intake.ts';
import { isPortOpen } from './runner/port_dial.ts';
import { Registry } from './state/registry.ts';
import { defaultPrefix, type EmbeddedStore, openEmbeddedStore } from './store/embedded/engine.ts';
import { listenToScripts } from './store/messages.ts';

/** Closes connections that have been silent this long. Requests that wait longer (`/output`) say so themselves. */
const idleTimeoutS = 60;

export interface RunningServer {
  readonly url: string;
  /** Takes no more work, lets calls in flight finish for `drainMs`, makes everything durable. */
  stop(options: { readonly drainMs: number }): Promise<void>;
}

/** What is open and has to be closed again. */
interface Opened {
  readonly store: EmbeddedStore;
  readonly history: History;
}

export async function startServer(settings: Settings, log: Logger): Promise<RunningServer> {
  const opened = await open(settings, log);
  try {
    return await run(settings, log, opened);
  } catch (error) {
    await close(opened);
    throw error;
  }
}

async function open({ dataDir }: Settings, log: Logger): Promise<Opened> {
  if (dataDir !== null) mkdirSync(dataDir, { recursive: true, mode: 0o750 });
  const path = dataDir === null ? null : join(dataDir, 'history.db');
  // Side by side: both mostly wait for a thread to start.
  const [store, history] = await Promise.allSettled([
    openEmbeddedStore({ dataDir, clock: systemClock, log: (message) => log.warn(message) }),
    openSqliteHistory({ path }),
  ]);
  if (store.status === 'rejected') {
    if (history.status === 'fulfilled') await history.value.close();
    throw store.reason;
  }
  if (history.status === 'rejected') {
    await store.value.close();
    throw history.reason;
  }
  return { store: store.value, history: history.value };
}

async function close({ store, history }: Opened): Promise<void> {
  await history.close();
  await store.close();
}

/** What every part is built from. */
interface Ground extends Opened {
  readonly settings: Settings;
  readonly log: Logger;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly registry: Registry;
  readonly functions: Functions;
  readonly limits: RunLimits;
  /** Aborts the calls that are still under way when the server has waited long enough. */
  readonly stopping: AbortController;
}

async function run(settings: Settings, log: Logger, opened: Opened): Promise<RunningServer> {
  const clock = systemClock;
  const registry = new Registry(opened.store, clock);
  await registry.load();
  const ground: Ground = {
    ...opened,
    settings,
    log,
    clock,
    newId: () => ulid(clock.now()),
    registry,
    functions: {
      functionById: (id) => registry.functionById(id) ?? registry.removedFunctionById(id),
    },
    limits: new RunLimits(),
    stopping: new AbortController(),
  };
  const reading = readingParts(ground);
  const work = workParts(ground, reading.outputs);
  listenToScripts(opened.store, {
    wake: (partition, atMs) => work.processor.wake(partition, atMs),
    facts: (count) => reading.pump.wake(count),
    unpaused: (eventName, pauseId) => work.waiting.forget(eventName, pauseId),
    apps: () => {},
    resync: () => {},
  });
  if (opened.store.wasRestored) await rebuildQueue(opened.store, log);
  await keepSchedules(ground, work.crons);
  const doors = openDoors(ground, reading, work);
  work.processor.start();
  reading.pump.start();
  const sync = await startSync(ground);
  return {
    url: doors.url,
    async stop({ drainMs }) {
      // Intake ends at once; apps may still report steps of the calls that are being waited for.
      doors.closeIntake();
      // Together: the time to drain must not pass with waiting for apps to answer a sync.
      const [left] = await Promise.all([work.processor.stop(drainMs), sync.stop()]);
      ground.stopping.abort();
      if (left > 0) {
        log.warn('calls were still under way; they are made again at the next start', { left });
      }
      work.memory.stop();
      await doors.close();
      await reading.pump.stop();
      await close(opened);
    },
  };
}

/** History and what leads to it. */
function readingParts({ store, history, clock, log }: Ground) {
  const pump = new OutboxPump({ store, history, clock, log, batchMax: 1_000 });
  const fresh = freshHistory(history, pump);
  const recorded = () => pump.idle(readWaitMsMax);
  const outputs = new RunOutputs({ store, clock, history, recorded });
  return { pump, fresh, outputs };
}

/** The queue's worker loop and the handlers of its items. */
function workParts(ground: Ground, outputs: RunOutputs) {
  const { store, clock, log, settings, newId, registry, functions, limits, stopping } = ground;
  const terminator = new Terminator({
    store,
    clock,
    functions,
    newId,
    onEnd: (runId, ending) => outputs.ended(runId, ending),
  });
  const signingKey = settings.signingKey ?? undefined;
  const http = httpDriver({ clock, signingKey });
  const endpoints = endpointDriver({ clock, signingKey });
  const executor = new Executor({
    store,
    clock,
    log,
    functions,
    driverOf: (fn) => (fn.driver === 'sync' ? endpoints : http),
    limits,
    terminator,
    newId,
    random: Math.random,
    retryIntervalMs: settings.retryIntervalMs,
    stopping: stopping.signal,
  });
  const waiting = new Waiting(store, clock);
  const delivery = new Delivery({ store, clock, log, registry, waiting, terminator, newId });
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
    store,
    clock,
    log,
    process: newId(),
    workers: settings.queueWorkers,
    isShared: false,
    limitsOf: (partition) => {
      const fn = functions.functionById(partition);
      return { function: fn === null ? 0 : functionLimit(fn), account: accountLimitDefault };
    },
    newToken: newId,
    random: Math.random,
    handle: async (item) => {
      try {
        await handlerOf(item, { delivery, crons, executor });
      } catch (error) {
        await failures.handle(item, error);
      }
      memory.note();
    },
  });
  return { terminator, waiting, crons, memory, processor };
}

/** Every schedule has its queue item, now and after each change of an app. */
async function keepSchedules({ registry, log }: Ground, crons: CronSchedules): Promise<void> {
  await crons.reconcile();
  registry.onChange(() => {
    crons.reconcile().catch((error: unknown) => log.error('schedules could not be set', { error }));
  });
}

function openDoors(
  ground: Ground,
  { pump, fresh, outputs }: ReturnType<typeof readingParts>,
  { terminator }: ReturnType<typeof workParts>,
) {
  const { store, clock, limits, newId, settings, registry, log } = ground;
  const { retryIntervalMs } = settings;
  const checkpoints = new AsyncCheckpoints({ store, clock, limits, terminator, newId });
  const syncRuns = new SyncRuns({ store, clock, limits, terminator, newId, retryIntervalMs });
  const intake = new EventIntake(store);
  let isClosing = false;
  const services: Services = {
    clock,
    kind: kindOf(settings),
    version,
    signingKey: settings.signingKey,
    eventKeys: settings.eventKeys,
    intake: {
      accept: (events) => intake.accept(events),
      isOverloaded: () => isClosing || intake.isOverloaded() || pump.isBehind,
    },
    runs: new RunControl(store, terminator, async (id) => (await fresh.run(id)) !== null),
    signals: new SignalSender(store, clock),
    checkpoints: {
      saveAsync: (request) => checkpoints.save(request),
      createSync: (request) => syncRuns.create(request),
      saveSync: (runId, _functionId, steps) => syncRuns.save(runId, steps),
      output: (runId, signal) => outputs.output(runId, signal),
    },
    limits,
    history: fresh,
    readiness: {
      reasons: () => [
        ...(isClosing ? ['the server is stopping'] : []),
        ...readinessReasons(store, pump),
      ],
    },
  };
  const app = createApp(services, registry, log).listen({
    port: settings.port,
    hostname: settings.host,
    idleTimeout: idleTimeoutS,
  });
  const port = app.server?.port ?? settings.port;
  return {
    url: `http://${displayHost(settings.host)}:${port}`,
    closeIntake: () => {
      isClosing = true;
    },
    close: () => app.stop(true),
  };
}

/** Finds apps and keeps them in sync. */
async function startSync(ground: Ground): Promise<{ stop(): Promise<void> }> {
  const { registry, clock, log, settings } = ground;
  const signingKey = settings.signingKey ?? undefined;
  const isKeyRequired = settings.mode === 'start';
  const leaving = new AbortController();
  const fetch = fetchUntil(leaving.signal);
  const ping = async (url: string) => {
    const serverKind = kindOf(settings);
    const outcome = await pingApp(url, { clock, fetch, serverKind, signingKey, isKeyRequired });
    // Cut short, it says nothing about the app.
    leaving.signal.throwIfAborted();
    return outcome;
  };
  const reported = reportingSync((url) => syncApp(url, { registry, ping }), log);
  const sync = async (url: string): Promise<void> => {
    try {
      await reported(url);
    } catch (error) {
      if (!leaving.signal.aborted) throw error;
    }
  };
  const { pollIntervalMs: intervalMs, isPollingOn } = settings;
  const poll = new AppPoll({ clock, log, registry, sync, intervalMs, isPollingOn });
  const discovery = new AppDiscovery({
    clock,
    log,
    registry,
    sync,
    probe: (url) => probeSdk(url, { clock, fetch, signingKey }),
    isPortOpen,
    intervalMs,
    ports: discoveryPorts(process.env.PORT),
  });
  for (const url of settings.sdkUrls) await registry.addPlaceholder(appUrlOf(url));
  poll.start();
  if (settings.isDiscoveryOn) discovery.start();
  return {
    async stop() {
      leaving.abort();
      await Promise.all([poll.stop(), discovery.stop()]);
    },
  };
}

/** A fetch whose requests end with `signal`, too. */
function fetchUntil(signal: AbortSignal): Fetch {
  return (url, init) => appFetch(url, { ...init, signal: AbortSignal.any([init.signal, signal]) });
}

function kindOf({ mode }: Settings): 'dev' | 'cloud' {
  return mode === 'dev' ? 'dev' : 'cloud';
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

/** Items are found by their keys; the sets that order them are not kept on disk. */
async function rebuildQueue(store: EmbeddedStore, log: Logger): Promise<void> {
  const prefix = `${defaultPrefix}:item:`;
  const ids = store
    .keys()
    .filter((key) => key.startsWith(prefix))
    .map((key) => key.slice(prefix.length));
  const count = await rebuild(store, ids);
  if (count > 0) log.info('work from before the restart goes on', { items: count });
}

function readinessReasons(store: EmbeddedStore, pump: OutboxPump): string[] {
  const reasons: string[] = [];
  const trouble = store.trouble();
  if (trouble !== null) reasons.push(trouble);
  if (pump.failures > 0)
    reasons.push('history cannot be written; what happens is kept until it can');
  if (pump.isBehind)
    reasons.push('too much waits to be written to history: new events are refused');
  return reasons;
}

function displayHost(host: string): string {
  return host === '0.0.0.0' || host === '::' ? 'localhost' : host;
}

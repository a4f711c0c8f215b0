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
import type { Driver } from './driver/driver.ts';
import { endpointDriver } from './driver/endpoint.ts';
import type { Fetch } from './driver/exchange.ts';
import { performGateway } from './driver/gateway.ts';
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
import { Terminator, type TerminatorParts } from './executor/terminator.ts';
import { accountLimitDefault, functionLimit } from './flow/concurrency.ts';
import { appUrlOf } from './function/url.ts';
import { freshHistory, readWaitMsMax } from './history/fresh_history.ts';
import type { History } from './history/history.ts';
import { HistoryUnavailableError } from './history/history_error.ts';
import { OutboxPump } from './history/outbox_pump.ts';
import { openSqliteHistory } from './history/sqlite/sqlite_history.ts';
import { type Clock, systemClock } from './lib/clock.ts';
import type { Logger } from './lib/logger.ts';
import { MemoryReturn } from './lib/memory_return.ts';
import { ulid } from './lib/ulid.ts';
import { Waiting } from './pause/waiting.ts';
import type { LeasedItem } from './queue/item.ts';
import { Processor } from './queue/processor.ts';
import { rebuildFields, rebuildKnown } from './queue/queue.ts';
import { claimRole } from './queue/role.ts';
import { AppDiscovery, discoveryPorts } from './runner/app_discovery.ts';
import { AppPoll } from './runner/app_poll.ts';
import { syncApp } from './runner/app_sync.ts';
import { reportingSync } from './runner/app_sync_report.ts';
import { CronSchedules } from './runner/cron_schedules.ts';
import { aheadElsewhere } from './runner/deliveries_elsewhere.ts';
import { Delivery } from './runner/delivery.ts';
import { EventIntake } from './runner/event_intake.ts';
import { isPortOpen } from './runner/port_dial.ts';
import { Registry } from './state/registry.ts';
import { EmbeddedStore, openEmbeddedStore } from './store/embedded/engine.ts';
import { refuseUnfinished } from './store/image/staging.ts';
import { listenToScripts } from './store/messages.ts';
import { outward } from './store/outward.ts';
import { patiently, patientStore } from './store/patient_store.ts';
import { defaultPrefix } from './store/prefix.ts';
import { type Store, StoreUnavailableError } from './store/store.ts';

/** Asking all apps takes its time; the process that asks them keeps the role meanwhile. */
const pollRoleGraceMs = 30_000;

/** Closes connections that have been silent this long. Requests that wait longer (`/output`) say so themselves. */
const idleTimeoutS = 60;

export interface RunningServer {
  readonly url: string;
  /** Takes no more work, lets calls in flight finish for `drainMs`, makes everything durable. */
  stop(options: { readonly drainMs: number }): Promise<void>;
}

/** What is open and has to be closed again. */
interface Opened {
  readonly store: Store;
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

async function open(settings: Settings, log: Logger): Promise<Opened> {
  const { dataDir } = settings;
  if (dataDir !== null) mkdirSync(dataDir, { recursive: true, mode: 0o750 });
  // Asked before anything is opened: what is there may be half of it.
  if (dataDir !== null) refuseUnfinished(dataDir);
  const path = dataDir === null ? null : join(dataDir, 'history.db');
  const opening = openStore(settings, log);
  await refusedAtOnce(opening);
  // Side by side: both mostly wait for a thread to start.
  const [store, history] = await Promise.allSettled([opening, openSqliteHistory({ path })]);
  if (store.status === 'rejected') {
    if (history.status === 'fulfilled') await history.value.close();
    throw store.reason;
  }
  if (history.status === 'rejected') {
    await store.value.close();
    throw history.reason;
  }
  const opened = { store: store.value, history: history.value };
  try {
    // Once more, now that nobody else can begin: a restore may have come in between.
    if (dataDir !== null) refuseUnfinished(dataDir);
    return opened;
  } catch (error) {
    await close(opened);
    throw error;
  }
}

/** The embedded store has its lock by the next turn or is refused: a directory of another server is left alone. */
async function refusedAtOnce(opening: Promise<Store>): Promise<void> {
  await Promise.race([opening, new Promise<void>((turn) => setImmediate(turn))]);
}

async function openStore(settings: Settings, log: Logger): Promise<Store> {
  const { dataDir, redisUri, redisPrefix } = settings;
  const clock = systemClock;
  if (redisUri === null) {
    return openEmbeddedStore({ dataDir, clock, log: (message) => log.warn(message) });
  }
  // Loaded only by those who use it: the client is large.
  const { openRedisStore } = await import('./store/redis/redis_store.ts');
  return openRedisStore({ uri: redisUri, prefix: `{${redisPrefix}}`, clock, log });
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
  /** Names this process among those that share the store. */
  readonly process: string;
  /** Whether other processes work on the same store. */
  readonly isShared: boolean;
  /** Holds back what goes outside until what caused it is durable. */
  readonly gate: ReturnType<typeof outward>;
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
    process: ulid(clock.now()),
    isShared: settings.redisUri !== null,
    gate: outward(opened.store),
    stopping: new AbortController(),
  };
  const reading = readingParts(ground);
  const work = workParts(ground, reading.outputs);
  listen(ground, reading, work);
  if (opened.store instanceof EmbeddedStore && opened.store.wasRestored) {
    await rebuildQueue(opened.store, log);
  }
  await keepSchedules(ground, work.crons);
  const doors = openDoors(ground, reading);
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
      await work.processor.abandon();
      if (left > 0) log.warn('calls were still under way; they are made again', { left });
      work.memory.stop();
      await doors.close();
      await reading.pump.stop();
      await close(opened);
    },
  };
}

/** What scripts announce, here or in another process. */
function listen(
  { store, registry, log, isShared, settings }: Ground,
  { pump, outputs }: ReturnType<typeof readingParts>,
  { processor, waiting }: ReturnType<typeof workParts>,
): void {
  const read = (apps: Promise<unknown>) => {
    apps.catch((error: unknown) => {
      // When the store is back, it says so.
      if (error instanceof StoreUnavailableError) return;
      log.warn('apps could not be read', { error });
    });
  };
  const refresh = () => read(registry.refresh());
  listenToScripts(store, {
    wake: (partition, atMs) => processor.wake(partition, atMs),
    facts: (count) => pump.wake(count),
    unpaused: (eventName, pauseId) => waiting.forget(eventName, pauseId),
    // Alone, this process knows what it has done.
    ...(isShared && {
      ended: (runId) => void outputs.look(runId),
      apps: refresh,
      missed: () => {
        processor.rescan();
        pump.wake();
        refresh();
      },
      resync: () => {
        processor.resync();
        pump.retry();
        // It may have come back without its last writes, or empty: what was counted does not hold any more.
        waiting.clear();
        read(registry.load().then(() => addPlaceholders(registry, settings)));
      },
    }),
  });
}

/** History and what leads to it. */
function readingParts({ store, history, clock, log, gate, process, isShared }: Ground) {
  const reader = isShared ? process : '';
  const record = gate((facts: readonly string[]) => history.record(facts));
  const pump = new OutboxPump({ store, history: { record }, clock, log, reader, batchMax: 1_000 });
  const fresh = freshHistory(history, pump);
  const recorded = () => pump.idle(readWaitMsMax);
  const outputs = new RunOutputs({ clock, history, recorded });
  return { pump, fresh, outputs };
}

/** The queue's worker loop and the handlers of its items. */
function workParts(ground: Ground, outputs: RunOutputs) {
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

function terminatorOn(
  store: Store,
  { clock, functions, newId }: Ground,
  outputs: RunOutputs,
): Terminator {
  const onEnd: TerminatorParts['onEnd'] = (runId, ending) => outputs.ended(runId, ending);
  return new Terminator({ store, clock, functions, newId, onEnd });
}

/** Every schedule has its queue item, now and after each change of an app. */
async function keepSchedules({ registry, log }: Ground, crons: CronSchedules): Promise<void> {
  await crons.reconcile();
  registry.onChange(() => {
    crons.reconcile().catch((error: unknown) => log.error('schedules could not be set', { error }));
  });
}

function openDoors(ground: Ground, { pump, fresh, outputs }: ReturnType<typeof readingParts>) {
  const { store, clock, limits, newId, settings, registry, log, gate } = ground;
  const { retryIntervalMs } = settings;
  const terminator = terminatorOn(store, ground, outputs);
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
    runs: new RunControl(store, terminator, async (id) => {
      if ((await fresh.run(id)) !== null) return true;
      if (pump.isCaughtUp) return false;
      throw new HistoryUnavailableError('history does not have everything that happened yet');
    }),
    signals: new SignalSender(store, clock),
    checkpoints: {
      saveAsync: (request) => checkpoints.save(request),
      createSync: (request) => syncRuns.create(request),
      saveSync: (runId, _functionId, steps) => syncRuns.save(runId, steps),
      output: (runId, signal) => outputs.output(runId, signal),
    },
    limits,
    history: fresh,
    settled: gate(async () => {}),
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
  const role = { role: 'poll', process: ground.process, ms: 2 * intervalMs + pollRoleGraceMs };
  const poll = new AppPoll({
    ...{ clock, log, registry, sync, intervalMs, isPollingOn },
    ...(ground.isShared && { isOurs: () => claimRole(ground.store, role) }),
  });
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
  await addPlaceholders(registry, settings);
  poll.start();
  if (settings.isDiscoveryOn) discovery.start();
  return {
    async stop() {
      leaving.abort();
      await Promise.all([poll.stop(), discovery.stop()]);
    },
  };
}

async function addPlaceholders(registry: Registry, { sdkUrls }: Settings): Promise<void> {
  for (const url of sdkUrls) await registry.addPlaceholder(appUrlOf(url));
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
  const items = store.hashes(`${defaultPrefix}:item:`, rebuildFields);
  const count = await rebuildKnown(store, items);
  if (count > 0) log.info('work from before the restart goes on', { items: count });
}

function readinessReasons(store: Store, pump: OutboxPump): string[] {
  const reasons: string[] = [];
  const trouble = store.trouble();
  if (trouble !== null) reasons.push(trouble);
  else if (pump.failures > 0)
    reasons.push('history cannot be written; what happens is kept until it can');
  if (pump.isBehind)
    reasons.push('too much waits to be written to history: new events are refused');
  return reasons;
}

function displayHost(host: string): string {
  return host === '0.0.0.0' || host === '::' ? 'localhost' : host;
}

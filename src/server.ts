/**
 * The composition root: builds every part from Settings, starts them in order and stops them in reverse.
 * Nothing else constructs parts; server/ holds what it builds them with.
 */
import type { Settings } from './cli/settings.ts';
import type { DocumentsOptions } from './config/reload.ts';
import type { Functions } from './executor/functions.ts';
import { RunLimits } from './executor/limits.ts';
import { systemClock } from './lib/clock.ts';
import type { Logger } from './lib/logger.ts';
import { endsWithin } from './lib/patience.ts';
import { ulid } from './lib/ulid.ts';
import { queueDepth } from './queue/depth.ts';
import { rebuildFields, rebuildKnown } from './queue/queue.ts';
import { ServedDocuments } from './server/documents.ts';
import { openDoors } from './server/doors.ts';
import type { Ground } from './server/ground.ts';
import { createMetering } from './server/metering.ts';
import { closeAll, type Opened, openAll } from './server/open.ts';
import { type ReadingParts, readingParts } from './server/reading.ts';
import { addPlaceholders, appSync } from './server/sync.ts';
import { keepSchedules, type WorkParts, workParts } from './server/work.ts';
import { FunctionPauses } from './state/function_pauses.ts';
import { Registry } from './state/registry.ts';
import { EmbeddedStore } from './store/embedded/engine.ts';
import { listenToScripts } from './store/messages.ts';
import { outward } from './store/outward.ts';
import { defaultPrefix } from './store/prefix.ts';
import { StoreUnavailableError } from './store/store.ts';
import { createOtlpExporter } from './trace/otlp/exporter.ts';

/** Time for what is being written to history when the server ends. */
const historyStopMsMax = 4_000;

export interface RunningServer {
  readonly url: string;
  /** Takes no more work, lets calls in flight finish for `drainMs`, makes everything durable. */
  stop(options: { readonly drainMs: number }): Promise<void>;
}

/** `documents`: where functions are declared that the server itself runs; absent for none. */
export async function startServer(
  settings: Settings,
  log: Logger,
  documents: DocumentsOptions | null = null,
): Promise<RunningServer> {
  const exporter = createOtlpExporter(process.env, { clock: systemClock, log });
  const metering = createMetering(settings, exporter, log);
  let opened: Opened | null = null;
  try {
    opened = await openAll(settings, log, metering.metrics);
    return await run(settings, log, { ...opened, exporter, metering }, documents);
  } catch (error) {
    if (opened !== null) await closeAll(opened, log);
    await exporter?.close();
    throw error;
  }
}

async function run(
  settings: Settings,
  log: Logger,
  opened: Opened & Pick<Ground, 'exporter' | 'metering'>,
  documentsOptions: DocumentsOptions | null,
): Promise<RunningServer> {
  const clock = systemClock;
  const registry = new Registry(opened.store, clock);
  await registry.load();
  const functions: Functions = {
    functionById: (id) => registry.functionById(id) ?? registry.removedFunctionById(id),
  };
  const pauses = new FunctionPauses({ store: opened.store, clock, functions });
  await pauses.refresh();
  const ground: Ground = {
    ...opened,
    settings,
    log,
    clock,
    newId: () => ulid(clock.now()),
    registry,
    functions,
    limits: new RunLimits(),
    pauses,
    process: ulid(clock.now()),
    isShared: settings.redisUri !== null,
    gate: outward(opened.store),
    stopping: new AbortController(),
  };
  const reading = readingParts(ground);
  const work = workParts(ground, reading);
  const documents = new ServedDocuments(ground, documentsOptions);
  listen(ground, reading, work, documents);
  if (opened.store instanceof EmbeddedStore && opened.store.wasRestored) {
    await rebuildQueue(opened.store, log);
  }
  await documents.register();
  await keepSchedules(ground, work.crons);
  const sync = appSync(ground);
  const doors = openDoors({ ground, reading, work, appSyncs: sync });
  work.processor.start();
  reading.pump.start();
  reading.retention.start();
  meter(ground, reading, work);
  await sync.start();
  documents.watch();
  return {
    url: doors.url,
    async stop({ drainMs }) {
      // Intake ends at once; apps may still report steps of the calls that are being waited for.
      doors.closeIntake();
      // Together: the time to drain must not pass with waiting for apps to answer a sync.
      const stopping = [sync.stop(), documents.stop()];
      const [left] = await Promise.all([work.processor.stop(drainMs), ...stopping]);
      ground.stopping.abort();
      await work.processor.abandon();
      if (left > 0) log.warn('calls were still under way; they are made again', { left });
      work.memory.stop();
      await doors.close();
      await stopHistory(reading, log);
      await opened.exporter?.close();
      await closeAll(opened, log);
    },
  };
}

/** A history that hangs has what it lacks in the outbox: the next start brings it. */
async function stopHistory({ pump, retention }: ReadingParts, log: Logger): Promise<void> {
  const pruned = endsWithin(systemClock, historyStopMsMax, retention.stop());
  const [isCarried] = await Promise.all([pump.stop(historyStopMsMax), pruned]);
  if (isCarried) return;
  log.warn('history does not answer; what it lacks is kept and written after the next start');
}

/** Where the metrics are read from. */
function meter(
  { metering, store, clock, registry }: Ground,
  { pump }: ReadingParts,
  { processor }: WorkParts,
): void {
  const { parts } = metering;
  parts.queueDepth = () => {
    const functions = registry.functions().map(({ id }) => id);
    return queueDepth(store, clock.now(), functions);
  };
  parts.lanes = () => processor.workers;
  parts.outbox = () => ({ backlog: pump.backlog, failures: pump.failuresTotal });
}

/** What scripts announce, here or in another process. */
function listen(
  { store, registry, log, isShared, settings, pauses }: Ground,
  { pump, outputs }: ReadingParts,
  { processor, waiting }: WorkParts,
  documents: ServedDocuments,
): void {
  const read = (change: Promise<unknown>) => {
    change.catch((error: unknown) => {
      // When the store is back, it says so.
      if (error instanceof StoreUnavailableError) return;
      log.warn('changes of apps and functions could not be read', { error });
    });
  };
  const refresh = () => read(registry.refresh());
  const refreshPauses = () => read(pauses.refresh());
  listenToScripts(store, {
    wake: (partition, atMs) => processor.wake(partition, atMs),
    facts: (count, bytes) => pump.wake(count, bytes),
    unpaused: (eventName, pauseId) => waiting.forget(eventName, pauseId),
    paused: refreshPauses,
    // Alone, this process knows what else it has done.
    ...(isShared && {
      ended: (runId) => void outputs.look(runId),
      apps: refresh,
      missed: () => {
        processor.rescan();
        pump.wake();
        refresh();
        refreshPauses();
      },
      resync: () => {
        processor.resync();
        pump.retry();
        // It may have come back without its last writes, or empty: what was counted does not hold any more.
        waiting.clear();
        refreshPauses();
        const restored = registry.load().then(() => addPlaceholders(registry, settings));
        read(restored.then(() => documents.register()));
      },
    }),
  });
}

/** Items are found by their keys; the sets that order them are not kept on disk. */
async function rebuildQueue(store: EmbeddedStore, log: Logger): Promise<void> {
  const items = store.hashes(`${defaultPrefix}:item:`, rebuildFields);
  const count = await rebuildKnown(store, items);
  if (count > 0) log.info('work from before the restart goes on', { items: count });
}

/**
 * The composition root: builds every part from Settings, starts them in order and stops them in reverse.
 * Nothing else constructs parts; server/ holds what it builds them with.
 */
import type { Settings } from './cli/settings.ts';
import { RunLimits } from './executor/limits.ts';
import { systemClock } from './lib/clock.ts';
import type { Logger } from './lib/logger.ts';
import { ulid } from './lib/ulid.ts';
import { rebuildFields, rebuildKnown } from './queue/queue.ts';
import { openDoors } from './server/doors.ts';
import type { Ground } from './server/ground.ts';
import { closeAll, type Opened, openAll } from './server/open.ts';
import { type ReadingParts, readingParts } from './server/reading.ts';
import { addPlaceholders, startSync } from './server/sync.ts';
import { keepSchedules, type WorkParts, workParts } from './server/work.ts';
import { Registry } from './state/registry.ts';
import { EmbeddedStore } from './store/embedded/engine.ts';
import { listenToScripts } from './store/messages.ts';
import { outward } from './store/outward.ts';
import { defaultPrefix } from './store/prefix.ts';
import { StoreUnavailableError } from './store/store.ts';

export interface RunningServer {
  readonly url: string;
  /** Takes no more work, lets calls in flight finish for `drainMs`, makes everything durable. */
  stop(options: { readonly drainMs: number }): Promise<void>;
}

export async function startServer(settings: Settings, log: Logger): Promise<RunningServer> {
  const opened = await openAll(settings, log);
  try {
    return await run(settings, log, opened);
  } catch (error) {
    await closeAll(opened);
    throw error;
  }
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
      await closeAll(opened);
    },
  };
}

/** What scripts announce, here or in another process. */
function listen(
  { store, registry, log, isShared, settings }: Ground,
  { pump, outputs }: ReadingParts,
  { processor, waiting }: WorkParts,
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

/** Items are found by their keys; the sets that order them are not kept on disk. */
async function rebuildQueue(store: EmbeddedStore, log: Logger): Promise<void> {
  const items = store.hashes(`${defaultPrefix}:item:`, rebuildFields);
  const count = await rebuildKnown(store, items);
  if (count > 0) log.info('work from before the restart goes on', { items: count });
}

/** What a server keeps open for as long as it runs: durable memory and history. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../cli/settings.ts';
import type { History } from '../history/history.ts';
import { openSqliteHistory } from '../history/sqlite/sqlite_history.ts';
import { systemClock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { openEmbeddedStore } from '../store/embedded/engine.ts';
import { refuseUnfinished } from '../store/image/staging.ts';
import type { Store } from '../store/store.ts';

/** What is open and has to be closed again. */
export interface Opened {
  readonly store: Store;
  readonly history: History;
}

/** Opens the store and history, or neither. */
export async function openAll(settings: Settings, log: Logger): Promise<Opened> {
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
    await closeAll(opened);
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
  const { openRedisStore } = await import('../store/redis/redis_store.ts');
  return openRedisStore({ uri: redisUri, prefix: `{${redisPrefix}}`, clock, log });
}

/** History first: what it is told comes from the store. */
export async function closeAll({ store, history }: Opened): Promise<void> {
  await history.close();
  await store.close();
}

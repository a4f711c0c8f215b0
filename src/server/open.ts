/** What a server keeps open for as long as it runs: durable memory and history. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../cli/settings.ts';
import type { History } from '../history/history.ts';
import { type HistoryOptions, openHistory } from '../history/open_history.ts';
import { systemClock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { endsWithin } from '../lib/patience.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { openEmbeddedStore } from '../store/embedded/engine.ts';
import { refuseUnfinished } from '../store/image/staging.ts';
import { scriptsWithoutFacts } from '../store/scripts.ts';
import type { Store } from '../store/store.ts';

/** Its threads and connections close one after the other; what it has been given is on disk or in the outbox. */
const historyCloseMsMax = 6_000;

/** What is open and has to be closed again. */
export interface Opened {
  readonly store: Store;
  readonly history: History;
}

/** Opens the store and history, or neither. */
export async function openAll(
  settings: Settings,
  log: Logger,
  metrics: Pick<Metrics, 'addTally' | 'observeCommit'>,
): Promise<Opened> {
  const { dataDir } = settings;
  if (dataDir !== null) mkdirSync(dataDir, { recursive: true, mode: 0o750 });
  // Asked before anything is opened: what is there may be half of it.
  if (dataDir !== null) refuseUnfinished(dataDir);
  const opening = openStore(settings, log, metrics);
  await refusedAtOnce(opening);
  // Side by side: both mostly wait for a thread to start.
  const [store, history] = await Promise.allSettled([
    opening,
    openHistory({
      ...historyPlace(settings),
      log,
      onRecorded: (tally) => metrics.addTally(tally),
    }),
  ]);
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
    await closeAll(opened, log);
    throw error;
  }
}

/** The embedded store has its lock by the next turn or is refused: a directory of another server is left alone. */
async function refusedAtOnce(opening: Promise<Store>): Promise<void> {
  await Promise.race([opening, new Promise<void>((turn) => setImmediate(turn))]);
}

/** The file of the history; null when it is in no file that lasts. */
export function historyFile({ dataDir, postgresUri }: Settings): string | null {
  return dataDir === null || postgresUri !== null ? null : join(dataDir, 'history.db');
}

function historyPlace(settings: Settings): HistoryOptions {
  const { postgresUri: uri, postgresConnectionsMax: connectionsMax } = settings;
  if (uri !== null) return { kind: 'postgres', uri, connectionsMax };
  return { kind: 'sqlite', path: historyFile(settings) };
}

async function openStore(
  settings: Settings,
  log: Logger,
  metrics: Pick<Metrics, 'observeCommit'>,
): Promise<Store> {
  const { dataDir, redisUri, redisPrefix } = settings;
  const clock = systemClock;
  const onCommit = (ms: number) => metrics.observeCommit(ms);
  if (redisUri === null) {
    const report = (message: string) => log.warn(message);
    return openEmbeddedStore({ dataDir, clock, log: report, onCommit, ...withoutHistory(log) });
  }
  // Loaded only by those who use it: the client is large.
  const { openRedisStore } = await import('../store/redis/redis_store.ts');
  return openRedisStore({ uri: redisUri, prefix: `{${redisPrefix}}`, clock, log, onCommit });
}

/** For the benchmark, which measures what history costs. A server like that knows nothing of its runs. */
function withoutHistory(log: Logger): { extraScripts?: ReturnType<typeof scriptsWithoutFacts> } {
  if (process.env.INNGEST_BENCH_WITHOUT_HISTORY !== '1') return {};
  log.warn('history is off: this is for measuring only (INNGEST_BENCH_WITHOUT_HISTORY)');
  return { extraScripts: scriptsWithoutFacts() };
}

/** History first: what it is told comes from the store. Whether it closes well must not keep the store open. */
export async function closeAll({ store, history }: Opened, log: Logger): Promise<void> {
  const closing = history.close().catch((error: unknown) => {
    log.warn('history could not be closed', { error });
  });
  if (!(await endsWithin(systemClock, historyCloseMsMax, closing))) {
    log.warn('history takes too long to close: the server ends without');
  }
  await store.close();
}

/** The engines that scripts are timed on, all open at once: their figures are compared within one process. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/lib/clock.ts';
import { createLogger } from '../../src/lib/logger.ts';
import { openEmbeddedStore } from '../../src/store/embedded/engine.ts';
import { openRedisStore } from '../../src/store/redis/redis_store.ts';
import type { Store } from '../../src/store/store.ts';
import { hasRedis, type RedisFlavour, RedisServer } from '../redis_server.ts';
import { forgetScript } from './queue_load.ts';

export interface LoadEngine {
  /** `embedded`, `redis`: with 64 calls in flight unless the name says otherwise. */
  readonly name: string;
  readonly store: Store;
  readonly inFlight: number;
}

export interface LoadEngines {
  readonly engines: readonly LoadEngine[];
  close(): Promise<void>;
}

export const inFlightMany = 64;
const extraScripts = { [forgetScript.name]: forgetScript.source };

/** Redis is needed; Valkey is timed where it is installed. */
export async function openLoadEngines(): Promise<LoadEngines> {
  if (!hasRedis('redis')) throw new Error('redis-server is not installed: nothing to compare with');
  const closing: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const end of closing.splice(0).reverse()) await end();
  };
  try {
    const durable = await openDurable(closing);
    const memory = await openEmbeddedStore({ dataDir: null, clock: systemClock, extraScripts });
    closing.push(() => memory.close());
    const redis = await openServer('redis', closing);
    const valkey = hasRedis('valkey') ? await openServer('valkey', closing) : null;
    const engines: LoadEngine[] = [
      { name: 'embedded', store: durable, inFlight: inFlightMany },
      { name: 'redis', store: redis, inFlight: inFlightMany },
      ...(valkey ? [{ name: 'valkey', store: valkey, inFlight: inFlightMany }] : []),
      { name: 'embedded, 1 at a time', store: durable, inFlight: 1 },
      { name: 'redis, 1 at a time', store: redis, inFlight: 1 },
      { name: 'embedded, in memory', store: memory, inFlight: inFlightMany },
    ];
    return { engines, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** As it runs in production. */
async function openDurable(closing: (() => Promise<void>)[]): Promise<Store> {
  const dataDir = await mkdtemp(join(tmpdir(), 'inngest-bench-'));
  closing.push(() => rm(dataDir, { recursive: true, force: true }));
  const store = await openEmbeddedStore({ dataDir, clock: systemClock, extraScripts });
  closing.push(() => store.close());
  return store;
}

/** Without persistence, so that it is at its fastest. */
async function openServer(flavour: RedisFlavour, closing: (() => Promise<void>)[]): Promise<Store> {
  const server = await RedisServer.start({ flavour });
  closing.push(() => server.dispose());
  const store = await openRedisStore({
    uri: server.url,
    clock: systemClock,
    log: createLogger({ level: 'error', format: 'text', write: (line) => console.error(line) }),
    extraScripts,
  });
  closing.push(() => store.close());
  return store;
}

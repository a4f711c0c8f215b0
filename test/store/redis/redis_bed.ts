/** Stores on real servers for one test file: opened with a log that can be read, and all put away at the end. */
import { afterAll } from 'bun:test';
import { systemClock } from '../../../src/lib/clock.ts';
import type { LogFields } from '../../../src/lib/logger.ts';
import { connectRedis } from '../../../src/store/redis/redis_access.ts';
import { connectionTo } from '../../../src/store/redis/redis_connection.ts';
import {
  openRedisStore,
  type RedisStore,
  type RedisStoreOptions,
} from '../../../src/store/redis/redis_store.ts';
import { eventually } from '../../eventually.ts';
import { RedisServer, type RedisServerOptions } from '../../redis_server.ts';

export class RedisBed {
  readonly #rest: (() => Promise<void>)[] = [];
  readonly lines: { level: 'info' | 'warn' | 'error'; text: string; fields?: LogFields }[] = [];

  constructor() {
    afterAll(async () => {
      for (const putAway of this.#rest.reverse()) await putAway();
    });
  }

  readonly log: RedisStoreOptions['log'] = {
    info: (text, fields) => void this.lines.push({ level: 'info', text, fields }),
    warn: (text, fields) => void this.lines.push({ level: 'warn', text, fields }),
    error: (text, fields) => void this.lines.push({ level: 'error', text, fields }),
  };

  async server(options: RedisServerOptions = {}): Promise<RedisServer> {
    return this.keep(await RedisServer.start(options));
  }

  /** Disposes of it when the file's tests are over. */
  keep<T extends { dispose(): Promise<void> }>(thing: T): T {
    this.#rest.push(() => thing.dispose());
    return thing;
  }

  async store(uri: string, options: Partial<RedisStoreOptions> = {}): Promise<RedisStore> {
    const store = await openRedisStore({
      uri,
      prefix: '{bed}',
      clock: systemClock,
      log: this.log,
      extraScripts: bedScripts,
      ...options,
    });
    this.#rest.push(() => store.close());
    return store;
  }
}

export const bedScripts = {
  bed_call: "ARGV[2] = KEYS[1] .. ':' .. ARGV[2] return redis.call(unpack(ARGV))",
  bed_command: 'return redis.call(unpack(ARGV))',
  bed_publish: "return redis.call('PUBLISH', KEYS[1] .. ':' .. ARGV[1], ARGV[2])",
  bed_echo: 'return ARGV',
  bed_one: 'return 1',
};

/** One command from outside the store. Nothing is asked for first: a busy server or a replica gets it, too. */
export async function tell(server: RedisServer, ...command: string[]): Promise<void> {
  const { target } = connectRedis(server.url);
  const address = { host: '127.0.0.1', port: server.port };
  const connection = await connectionTo(address, target, systemClock);
  await connection.sendCommand(command);
  connection.close();
}

/** What `subscribe` hears, as `channel message`. */
export function hear(store: RedisStore): string[] {
  const heard: string[] = [];
  store.subscribe((channel, message) => heard.push(`${channel} ${message}`));
  return heard;
}

/** What a promise is rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
  throw new Error('it was not rejected');
}

/** Resolves once a message is heard; those before the subscription is back are lost, as they may be. */
export async function hearWake(store: RedisStore, heard: readonly string[]): Promise<void> {
  await eventually(async () => {
    await store.run('bed_publish', ['wake', 'up']);
    return heard.includes('{bed}:wake up');
  });
}

/** Writes a key and waits until a replica has it. */
export async function setReplicated(uri: string, key: string, value: string): Promise<void> {
  const connection = await connectRedis(uri).masterOf(key);
  await connection.sendCommand(['SET', key, value]);
  await connection.sendCommand(['WAIT', '1', '0']);
  connection.close();
}

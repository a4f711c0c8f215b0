/**
 * The stores that suites run against: `openStoreUnderTest` opens the embedded engine in memory, `onEachEngine` runs a
 * suite on every engine there is.
 */
import { afterAll, afterEach, describe, test } from 'bun:test';
import { createClient } from 'redis';
import { systemClock } from '../src/lib/clock.ts';
import { createLogger } from '../src/lib/logger.ts';
import { openEmbeddedStore } from '../src/store/embedded/engine.ts';
import { openRedisStore } from '../src/store/redis/redis_store.ts';
import type { Reply, ScriptName, Store } from '../src/store/store.ts';
import { eventually } from './eventually.ts';
import { FakeClock } from './fake_clock.ts';
import { hasRedis, type RedisFlavour, RedisServer } from './redis_server.ts';

/** What a suite needs besides the seam: a look at the data below it. */
export interface StoreUnderTest {
  readonly store: Store;
  /** Of everything that scripts take from ARGV; keys expire by it on the embedded engine only. */
  readonly clock: FakeClock;
  /** KEYS[1] of every script. */
  readonly prefix: string;
  /** One command on a key; the shard's prefix is put in front of it. */
  read(command: string, key: string, ...args: (string | number)[]): Promise<Reply>;
  /** All keys without the shard's prefix, sorted. */
  keys(): Promise<string[]>;
  /** Everything that is stored, by key: for comparison, in no particular form. */
  dump(): Promise<Record<string, Reply>>;
  /** Forgets what is not kept on disk, as a restart does. */
  forgetRebuildable(): Promise<void>;
  /** Forgets everything. */
  clear(): Promise<void>;
  /** The same data as another process sees it; on the embedded engine, which is one process's own, the same store. */
  another(): Promise<Store>;
}

export type EngineName = 'embedded' | RedisFlavour;

/** How a suite opens stores on one engine. They are closed after each test. */
export interface Engine {
  readonly name: EngineName;
  /** Each store has data of its own. */
  open(options?: { readonly extraScripts?: ExtraScripts }): Promise<StoreUnderTest>;
}

type ExtraScripts = Readonly<Record<ScriptName, string>>;

const testScripts: ExtraScripts = {
  test_read: "ARGV[2] = KEYS[1] .. ':' .. ARGV[2] return redis.call(unpack(ARGV))",
  test_dump: `
    local reads = { string = { 'GET' }, hash = { 'HGETALL' }, set = { 'SMEMBERS' },
      zset = { 'ZRANGE', 0, -1, 'WITHSCORES' }, list = { 'LRANGE', 0, -1 } }
    local reply = {}
    for i = 1, #ARGV do
      local key = KEYS[1] .. ':' .. ARGV[i]
      local kind = redis.call('TYPE', key).ok
      local read = reads[kind]
      reply[i] = { kind, read and redis.call(read[1], key, unpack(read, 2)) }
    end
    return reply`,
};

/** The embedded engine in memory, for suites that are not about the store. */
export async function openStoreUnderTest(): Promise<StoreUnderTest> {
  return openEmbedded({});
}

/**
 * Runs a suite on the embedded engine, on Redis and on Valkey. A server is started for the first store that a test
 * file opens on it. Where it is not installed one skipped test says so.
 */
export function onEachEngine(suite: (engine: Engine) => void): void {
  const closing: (() => Promise<void>)[] = [];
  const closeAll = async (): Promise<void> => {
    for (const close of closing.splice(0)) await close();
  };
  describe('embedded', () => {
    afterEach(closeAll);
    suite({
      name: 'embedded',
      open: async ({ extraScripts = {} } = {}) => {
        const under = await openEmbedded(extraScripts);
        closing.push(() => under.store.close());
        return under;
      },
    });
  });
  for (const flavour of ['redis', 'valkey'] as const) {
    describe(flavour, () => {
      if (!hasRedis(flavour)) {
        test.skip(`runs only where ${flavour}-server is installed`, () => undefined);
        return;
      }
      const host = new RedisHost(flavour);
      afterEach(closeAll);
      afterAll(() => host.dispose());
      suite({
        name: flavour,
        open: ({ extraScripts = {} } = {}) => host.open(extraScripts, closing),
      });
    });
  }
}

async function openEmbedded(extraScripts: ExtraScripts): Promise<StoreUnderTest> {
  const clock = new FakeClock();
  const prefix = '{test}';
  const store = await openEmbeddedStore({
    dataDir: null,
    prefix,
    clock,
    extraScripts: { ...testScripts, ...extraScripts },
  });
  return underTest({
    store,
    clock,
    prefix,
    allKeys: async () => store.keys(),
    another: async () => store,
  });
}

/** Stores of one test file on one server; each has a prefix of its own, so that left-over keys do no harm. */
class RedisHost {
  #server: Promise<RedisServer> | undefined;
  #count = 0;

  constructor(private readonly flavour: RedisFlavour) {}

  async open(
    extraScripts: ExtraScripts,
    closing: (() => Promise<void>)[],
  ): Promise<StoreUnderTest> {
    this.#server ??= RedisServer.start({ flavour: this.flavour });
    const uri = (await this.#server).url;
    this.#count += 1;
    const prefix = `{test-${this.#count}}`;
    const clock = new FakeClock();
    const connect = async (): Promise<Store> => {
      const store = await openRedisStore({
        uri,
        prefix,
        // What time it is for the scripts is none of the server's business.
        clock: systemClock,
        log: createLogger({ level: 'error', format: 'text', write: () => undefined }),
        extraScripts: { ...testScripts, ...extraScripts },
      });
      closing.push(() => store.close());
      return store;
    };
    const client = await createClient({ url: uri, disableClientInfo: true }).connect();
    closing.push(async () => client.destroy());
    return underTest({
      store: await connect(),
      clock,
      prefix,
      allKeys: () => client.keys(`${prefix}:*`),
      another: connect,
    });
  }

  async dispose(): Promise<void> {
    await (await this.#server)?.dispose();
  }
}

function underTest(
  opened: Pick<StoreUnderTest, 'store' | 'clock' | 'prefix' | 'another'> & {
    readonly allKeys: () => Promise<string[]>;
  },
): StoreUnderTest {
  const { store, clock, prefix, another, allKeys } = opened;
  const read: StoreUnderTest['read'] = (command, key, ...args) =>
    store.run('test_read', [command, key, ...args]);
  const keys = async (): Promise<string[]> =>
    (await allKeys()).map((key) => key.slice(prefix.length + 1)).sort();
  const forget = async (isForgotten: (key: string) => boolean): Promise<void> => {
    for (const key of (await keys()).filter(isForgotten)) await read('DEL', key);
  };
  return {
    ...{ store, clock, prefix, another, read, keys },
    dump: async () => {
      const names = await keys();
      const values = await store.run('test_dump', names);
      if (!Array.isArray(values)) throw new Error('a dump is a list');
      return Object.fromEntries(names.map((name, index) => [name, comparable(values[index])]));
    },
    forgetRebuildable: () => forget((key) => key.startsWith('x:')),
    clear: () => forget(() => true),
  };
}

/** Sets and hashes have no order of their own. */
function comparable(dumped: Reply): Reply {
  if (!Array.isArray(dumped)) throw new Error('a dumped key is its type and its content');
  const [kind = null, content = null] = dumped;
  if (!Array.isArray(content) || (kind !== 'set' && kind !== 'hash')) return dumped;
  const width = kind === 'hash' ? 2 : 1;
  const rows = Array.from({ length: content.length / width }, (_, row) =>
    content.slice(row * width, (row + 1) * width).join('='),
  );
  return [kind, rows.sort()];
}

/** Hears a channel from now on. Asked for what it heard it waits until all that was sent before has come. */
export async function listenFor(
  { store, prefix, read }: StoreUnderTest,
  channel: string,
): Promise<() => Promise<string[]>> {
  const heard: string[] = [];
  store.subscribe((on, message) => {
    if (on === `${prefix}:${channel}`) heard.push(message);
  });
  const passed = async (mark: string): Promise<number> => {
    await read('PUBLISH', channel, mark);
    await eventually(() => heard.includes(mark), { intervalMs: 1, what: `hearing the ${mark}` });
    return heard.indexOf(mark);
  };
  const start = (await passed('beginning')) + 1;
  return async () => heard.slice(start, await passed('end'));
}

/** A sorted set as member -> score. */
export async function scores(
  { read }: Pick<StoreUnderTest, 'read'>,
  key: string,
): Promise<Record<string, number>> {
  const reply = await read('ZRANGE', key, 0, -1, 'WITHSCORES');
  return Object.fromEntries(
    pairsOf(reply).map(([member, score]) => [member, Number(score)] as const),
  );
}

/** A hash as field -> value. */
export async function fields(
  { read }: Pick<StoreUnderTest, 'read'>,
  key: string,
): Promise<Record<string, string>> {
  return Object.fromEntries(pairsOf(await read('HGETALL', key)));
}

export async function members(
  { read }: Pick<StoreUnderTest, 'read'>,
  key: string,
): Promise<string[]> {
  return listOf(await read('SMEMBERS', key)).sort();
}

export async function list({ read }: Pick<StoreUnderTest, 'read'>, key: string): Promise<string[]> {
  return listOf(await read('LRANGE', key, 0, -1));
}

function listOf(reply: Reply): string[] {
  if (!Array.isArray(reply)) throw new Error(`not a list: ${JSON.stringify(reply)}`);
  return reply.map(String);
}

function pairsOf(reply: Reply): [string, string][] {
  const flat = listOf(reply);
  return flat.flatMap((member, index) =>
    index % 2 === 0 ? [[member, flat[index + 1] ?? ''] as [string, string]] : [],
  );
}

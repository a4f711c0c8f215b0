/**
 * The store that the suites of scripts run against: the embedded engine in memory. Whoever brings another engine
 * makes it here, and every suite runs on it.
 */
import { openEmbeddedStore } from '../src/store/embedded/engine.ts';
import type { Reply, Store } from '../src/store/store.ts';
import { FakeClock } from './fake_clock.ts';

/** What a suite needs besides the seam: a look at the data below it. */
export interface StoreUnderTest {
  readonly store: Store;
  readonly clock: FakeClock;
  /** One command on a key; the shard's prefix is put in front of it. */
  read(command: string, key: string, ...args: (string | number)[]): Promise<Reply>;
  /** All keys without the shard's prefix, sorted. */
  keys(): Promise<string[]>;
  /** Forgets what is not kept on disk, as a restart does. */
  forgetRebuildable(): Promise<void>;
}

const prefix = '{test}';

const extraScripts = {
  test_read: "ARGV[2] = KEYS[1] .. ':' .. ARGV[2] return redis.call(unpack(ARGV))",
};

export async function openStoreUnderTest(): Promise<StoreUnderTest> {
  const clock = new FakeClock();
  const store = await openEmbeddedStore({ dataDir: null, prefix, clock, extraScripts });
  const read: StoreUnderTest['read'] = (command, key, ...args) =>
    store.run('test_read', [command, key, ...args]);
  const keys = async (): Promise<string[]> =>
    store
      .keys()
      .map((key) => key.slice(prefix.length + 1))
      .sort();
  return {
    store,
    clock,
    read,
    keys,
    forgetRebuildable: async () => {
      for (const key of await keys()) if (key.startsWith('x:')) await read('DEL', key);
    },
  };
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

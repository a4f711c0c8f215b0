/** Moving between data directories, Redis and Valkey. */
import { Database } from 'bun:sqlite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Migrated, migrate, type Place } from '../../../src/cli/migration.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { peek } from '../../../src/queue/queue.ts';
import { lockDirectory } from '../../../src/store/embedded/directory_lock.ts';
import { refuseIncomplete } from '../../../src/store/image/redis_image.ts';
import { connectRedis } from '../../../src/store/redis/redis_access.ts';
import type { RedisConnection } from '../../../src/store/redis/redis_connection.ts';
import { hasRedis, type RedisFlavour, RedisServer } from '../../redis_server.ts';
import { fill, makeSample, openSample, partition, type Sample, sampleKeys } from './sample.ts';

const flavours: readonly RedisFlavour[] = ['redis', 'valkey'];
const prefix = '{inngest}';

interface Wishes {
  readonly isForced?: boolean;
  readonly historyDir?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: () => void;
}

function move(from: Place, to: Place, wishes: Wishes = {}): Promise<Migrated> {
  const { isForced = false, historyDir = null, onProgress = () => {} } = wishes;
  const signal = wishes.signal ?? new AbortController().signal;
  return migrate({ from, to, isForced, historyDir, signal, onProgress, clock: systemClock });
}

function directory(dataDir: string): Place {
  return { kind: 'directory', dataDir };
}

const available = flavours.filter(hasRedis);

test('this machine has a Redis to test with', () => {
  expect(available).not.toEqual([]);
});

describe.each([...available])('%s', (flavour) => {
  let server: RedisServer;
  let redis: RedisConnection;
  let sample: Sample;

  beforeAll(async () => {
    server = await RedisServer.start({ flavour });
    redis = await connectRedis(server.url).masterOf(prefix);
  });
  afterAll(async () => {
    redis?.close();
    await server?.dispose();
  });
  beforeEach(async () => {
    await redis.sendCommand(['FLUSHALL']);
    sample = await makeSample();
  });
  afterEach(() => sample.dispose());

  const place = (name = prefix): Place => ({ kind: 'redis', uri: server.url, prefix: name });
  const keysOf = async (pattern: string): Promise<string[]> => {
    const keys = await redis.sendCommand(['KEYS', pattern]);
    return Array.isArray(keys) ? keys.map(String).sort() : [];
  };

  test('there and back, by way of another prefix, everything is the same', async () => {
    const back = join(sample.folder, 'back');
    const there = await move(directory(sample.dataDir), place());
    const beside = await move(place(), place('{shop}'));
    const home = await move(place('{shop}'), directory(back));
    const again = await move(directory(back), place('{again}'));
    expect(there.keys).toBe(sampleKeys);
    for (const moved of [beside, home, again]) expect(moved.groups).toEqual(there.groups);
    expect(await keysOf('{shop}:once:*')).toEqual(['{shop}:once:tomorrow']);
    expect(Number(await redis.sendCommand(['PTTL', '{shop}:once:tomorrow']))).toBeWithin(
      86_000_000,
      86_400_001,
    );
  });

  test('values, order and scores are those of the source', async () => {
    await move(directory(sample.dataDir), place());
    const ask = (...args: string[]) => redis.sendCommand(args);
    expect(await ask('HGET', '{inngest}:run:r1', '')).toBe('a field without a name');
    expect(await ask('LRANGE', '{inngest}:list:small', '0', '-1')).toEqual(['b', 'a', 'b', '']);
    expect(await ask('LINDEX', '{inngest}:outbox', '1699')).toBe('fact 1699');
    expect(await ask('ZRANGE', '{inngest}:pauses:odd', '0', '-1')).toEqual([
      'first',
      'tenth',
      'far',
      'last',
    ]);
    const text = JSON.parse(String(await ask('GET', '{inngest}:run:r1:events'))).text;
    expect(text).toBe('ä 漢 🙂 \u0000 \n');
  });

  test('the work that waits is found in Redis without a restart', async () => {
    await move(directory(sample.dataDir), place());
    expect(await redis.sendCommand(['ZRANGE', '{inngest}:x:partitions', '0', '-1'])).toEqual([
      partition,
    ]);
    const ready = await redis.sendCommand(['ZRANGE', `{inngest}:x:ready:${partition}`, '0', '-1']);
    expect(ready).toEqual(['i1', 'i2']);
    await refuseIncomplete(redis, prefix);
  });

  test('a directory made from Redis is one that a server opens', async () => {
    await move(directory(sample.dataDir), place());
    const back = join(sample.folder, 'back');
    await move(place(), directory(back));
    expect(readdirSync(back).sort()).toEqual(['store.db', 'store.lock']);
    const store = await openSample(back);
    expect(store.wasRestored).toBe(true);
    expect(await store.run('test_command', ['LLEN', 'outbox'])).toBe(1_700);
    expect((await peek(store, Date.now(), 10)).partitions).toEqual([]);
    await store.close();
  });

  test('a log that was left beside no history is not taken for that of the copy', async () => {
    await move(directory(sample.dataDir), place());
    const history = join(sample.folder, 'history');
    mkdirSync(history);
    new Database(join(history, 'history.db'), { create: true }).run('CREATE TABLE kept (word)');
    const back = join(sample.folder, 'back');
    mkdirSync(back);
    writeFileSync(join(back, 'history.db-wal'), 'something');
    const wishes = { historyDir: history };
    const moved = move(place(), directory(back), wishes);
    await expect(moved).rejects.toThrow('already holds history.db-wal');
    const { replaced } = await move(place(), directory(back), { ...wishes, isForced: true });
    expect(readdirSync(replaced ?? '')).toEqual(['history.db-wal']);
    expect(existsSync(join(back, 'history.db-wal'))).toBe(false);
  });

  test('a log that was left beside no store is not taken for that of the new one', async () => {
    await move(directory(sample.dataDir), place());
    const back = join(sample.folder, 'back');
    mkdirSync(back);
    writeFileSync(join(back, 'store.db-wal'), 'something');
    await expect(move(place(), directory(back))).rejects.toThrow('already holds store.db-wal');
    const { replaced } = await move(place(), directory(back), { isForced: true });
    expect(readdirSync(replaced ?? '')).toEqual(['store.db-wal']);
  });

  test('the history of the servers on Redis is copied to a directory that has none', async () => {
    await move(directory(sample.dataDir), place());
    const history = join(sample.folder, 'history');
    mkdirSync(history);
    const db = new Database(join(history, 'history.db'));
    db.run('CREATE TABLE kept (word TEXT)');
    db.run("INSERT INTO kept VALUES ('yes')");
    db.close();
    const back = join(sample.folder, 'back');
    const moved = await move(place(), directory(back), { historyDir: history });
    expect(moved.history).toBe(history);
    const copy = new Database(join(back, 'history.db'));
    expect(copy.query('SELECT word FROM kept').get()).toEqual({ word: 'yes' });
    copy.close();
  });

  describe('is refused', () => {
    test('where keys are already, until forced, and then only those are deleted', async () => {
      await redis.sendCommand([
        'MSET',
        '{inngest}:old',
        '1',
        '{inngest}:x:y',
        '2',
        '{other}:z',
        '3',
      ]);
      const moved = move(directory(sample.dataDir), place());
      await expect(moved).rejects.toThrow('already holds 2 keys that begin with {inngest}');
      expect(await keysOf('*')).toHaveLength(3);
      await move(directory(sample.dataDir), place(), { isForced: true });
      expect(await keysOf('{inngest}:old')).toEqual([]);
      expect(await keysOf('{other}:*')).toEqual(['{other}:z']);
    });

    test('where a database is already, until forced, and then it is moved aside', async () => {
      await move(directory(sample.dataDir), place());
      const full = join(sample.folder, 'full');
      const store = await openSample(full);
      await store.run('test_command', ['SET', 'mine', '1']);
      await store.close();
      await expect(move(place(), directory(full))).rejects.toThrow('already holds store.db');
      const { replaced } = await move(place(), directory(full), { isForced: true });
      const old = await openSample(replaced ?? '');
      expect(old.keys()).toEqual(['{inngest}:mine']);
      await old.close();
    });

    test.each([
      [
        'steps are under way',
        ['ZADD', '{inngest}:x:leases', '99999999999999', 'i1'],
        'leases of steps',
      ],
      [
        'a function is served',
        ['HSET', '{inngest}:x:partition:p', 'process', 'a', 'until', '99999999999999'],
        'leases of functions',
      ],
    ])('while %s', async (_, command, words) => {
      await redis.sendCommand(command);
      await expect(move(directory(sample.dataDir), place())).rejects.toThrow(words);
      await expect(move(place(), directory(join(sample.folder, 'b')))).rejects.toThrow(words);
    });

    test('from or to what servers are at work on, also when the destination may be cleared', async () => {
      const source = place('{source}');
      await move(directory(sample.dataDir), source);
      const listener = await connectRedis(server.url).masterOf(prefix);
      await listener.subscribe('{source}:*', () => {});
      const words = 'stop them and run the command again';
      const wishes = { isForced: true };
      await expect(move(source, place('{b}'), wishes)).rejects.toThrow(words);
      await expect(move(directory(sample.dataDir), source, wishes)).rejects.toThrow(words);
      listener.close();
      expect(await keysOf('{source}:outbox')).toHaveLength(1);
      await move(source, place('{b}'), wishes);
    });

    test('when a server began to work on the source meanwhile, also when the destination may be cleared', async () => {
      const source = place('{source}');
      await move(directory(sample.dataDir), source);
      const listener = await connectRedis(server.url).masterOf(prefix);
      let listening: Promise<unknown> | undefined;
      const onProgress = () => {
        listening ??= listener.subscribe('{source}:*', () => {});
      };
      const moved = move(source, place('{b}'), { isForced: true, onProgress });
      await expect(moved).rejects.toThrow('servers are at work on {source}');
      await listening;
      listener.close();
    });

    test('while a server listens', async () => {
      const listener = await connectRedis(server.url).masterOf(prefix);
      await listener.subscribe('{inngest}:*', () => {});
      await expect(move(directory(sample.dataDir), place())).rejects.toThrow('1 listening');
      listener.close();
    });

    test('while a server works on the directory', async () => {
      const lock = lockDirectory(sample.dataDir);
      const words = 'another inngest process';
      await expect(move(directory(sample.dataDir), place())).rejects.toThrow(words);
      lock.release();
      expect(await keysOf('*')).toEqual([]);
    });

    test('onto itself by another address, forced or not, and nothing is lost', async () => {
      await move(directory(sample.dataDir), place());
      const alias: Place = {
        kind: 'redis',
        uri: server.url.replace('127.0.0.1', 'localhost'),
        prefix,
      };
      await expect(move(place(), alias)).rejects.toThrow('already holds');
      await expect(move(place(), alias, { isForced: true })).rejects.toThrow('the same keys');
      await refuseIncomplete(redis, prefix);
      expect((await move(place(), place('{copy}'))).keys).toBe(sampleKeys);
    });

    test('where there is nothing to move', async () => {
      const nowhere = join(sample.folder, 'nowhere');
      await expect(move(directory(nowhere), place())).rejects.toThrow('holds no database');
      expect(existsSync(nowhere)).toBe(false);
      await expect(move(place(), directory(nowhere))).rejects.toThrow('no keys begin with');
      expect(existsSync(nowhere)).toBe(false);
    });

    test('when a key is of a kind that no server of ours writes', async () => {
      await redis.sendCommand(['XADD', '{inngest}:stream', '*', 'a', 'b']);
      const moved = move(place(), directory(join(sample.folder, 'b')));
      await expect(moved).rejects.toThrow('{inngest}:stream is of type stream');
    });
  });

  describe('interrupted', () => {
    test('on the way to Redis, the destination is marked and the source is whole', async () => {
      const stop = new AbortController();
      const onProgress = () => stop.abort(new Error('interrupted'));
      const moved = move(directory(sample.dataDir), place(), { signal: stop.signal, onProgress });
      await expect(moved).rejects.toThrow('marked as incomplete');
      await expect(refuseIncomplete(redis, prefix)).rejects.toThrow('are incomplete');
      const on = move(place(), directory(join(sample.folder, 'b')));
      await expect(on).rejects.toThrow('are incomplete');
      const again = await move(directory(sample.dataDir), place(), { isForced: true });
      expect(again.keys).toBe(sampleKeys);
    });

    test('on the way to a directory, nothing is left in it', async () => {
      await move(directory(sample.dataDir), place());
      const back = join(sample.folder, 'back');
      const stop = new AbortController();
      const onProgress = () => stop.abort(new Error('interrupted'));
      const moved = move(place(), directory(back), { signal: stop.signal, onProgress });
      await expect(moved).rejects.toThrow('nothing was put into the destination');
      expect(readdirSync(back)).toEqual(['store.lock']);
    });

    test('by a crash on the way to a directory, that is no source until it is whole', async () => {
      mkdirSync(join(sample.dataDir, '.incoming'));
      const half = move(directory(sample.dataDir), place());
      await expect(half).rejects.toThrow('is incomplete');
      const only = join(sample.folder, 'only');
      mkdirSync(join(only, '.incoming'), { recursive: true });
      await expect(move(directory(only), place())).rejects.toThrow('is incomplete');
      rmSync(join(sample.dataDir, '.incoming'), { recursive: true });
      const installing = join(sample.dataDir, '.installing');
      mkdirSync(installing);
      renameSync(join(sample.dataDir, 'store.db'), join(installing, 'store.db'));
      const plan = { databases: ['store.db'], replaced: null, aside: [] };
      writeFileSync(join(installing, 'plan.json'), JSON.stringify(plan));
      expect((await move(directory(sample.dataDir), place())).keys).toBe(sampleKeys);
    });

    test('by a crash of a server that wrote its database anew, the new one is the source', async () => {
      const path = join(sample.dataDir, 'store.db');
      renameSync(path, `${path}.new`);
      expect((await move(directory(sample.dataDir), place())).keys).toBe(sampleKeys);
    });

    test('by a crash, what it left in the directory is no obstacle', async () => {
      await move(directory(sample.dataDir), place());
      const back = join(sample.folder, 'back');
      mkdirSync(join(back, '.incoming'), { recursive: true });
      writeFileSync(join(back, '.incoming', 'store.db'), 'half of it');
      expect((await move(place(), directory(back))).keys).toBe(sampleKeys);
    });

    test('by Redis that is out of memory, the error says so and what to do', async () => {
      const used = /used_memory:(\d+)/.exec(String(await redis.sendCommand(['INFO', 'memory'])));
      await redis.sendCommand(['CONFIG', 'SET', 'maxmemory', String(Number(used?.[1]) + 600_000)]);
      try {
        const moved = move(directory(sample.dataDir), place());
        await expect(moved).rejects.toThrow(/used all its memory.*again with --force/s);
      } finally {
        await redis.sendCommand(['CONFIG', 'SET', 'maxmemory', '0']);
      }
    });
  });

  test('what changes in the destination before it was compared is noticed', async () => {
    let isSpoilt = false;
    const moved = migrate({
      from: directory(sample.dataDir),
      to: place(),
      isForced: false,
      historyDir: null,
      signal: new AbortController().signal,
      clock: systemClock,
      onProgress: (_, keys) => {
        if (isSpoilt || keys < sampleKeys) return;
        isSpoilt = true;
        redis.sendCommand(['HSET', '{inngest}:run:r1', 'more', '1']).catch(() => {});
      },
    });
    await expect(moved).rejects.toThrow(/what was written is not what was read: run: \d keys/);
  });

  test('the source is what it was, and can be moved again', async () => {
    const first = await move(directory(sample.dataDir), place('{one}'));
    const store = await openSample(sample.dataDir);
    await fill(store);
    await store.close();
    const second = await move(directory(sample.dataDir), place('{two}'));
    expect(second.groups.find(({ group }) => group === 'run')).toEqual(
      first.groups.find(({ group }) => group === 'run'),
    );
  });
});

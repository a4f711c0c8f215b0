/** The Redis engine on servers that are well: replies, errors, scripts, messages. */
import { afterAll, describe, expect, test } from 'bun:test';
import { systemClock } from '../../../src/lib/clock.ts';
import { openEmbeddedStore } from '../../../src/store/embedded/engine.ts';
import { connectRedis } from '../../../src/store/redis/redis_access.ts';
import { loadScripts } from '../../../src/store/scripts.ts';
import { type Reply, ScriptError } from '../../../src/store/store.ts';
import { eventually } from '../../eventually.ts';
import { hasRedis, type RedisFlavour } from '../../redis_server.ts';
import { bedScripts, hear, RedisBed, rejection } from './redis_bed.ts';

const flavours = (['redis', 'valkey'] as const).filter(hasRedis);

const answers = {
  answer_nil: 'return nil',
  answer_nothing: 'local x = 1',
  answer_false: 'return false',
  answer_true: 'return true',
  answer_integer: 'return 42',
  answer_negative: 'return -7',
  answer_float: 'return 3.99',
  answer_large: 'return 4503599627370497',
  answer_number_text: 'return "007"',
  answer_empty: 'return ""',
  answer_unicode: 'return "zażółć 🐢"',
  answer_zero_byte: 'return "a\\0b\\r\\nc"',
  answer_status: 'return { ok = "FINE" }',
  answer_status_call: "return redis.call('SET', KEYS[1] .. ':s', 1)",
  answer_missing: "return redis.call('GET', KEYS[1] .. ':missing')",
  answer_list: 'return { 1, "two", false, { 3, { "four" } }, true, 5.9, nil, 7 }',
  answer_empty_list: 'return {}',
  answer_keys: 'return { #KEYS, KEYS[1], #ARGV }',
  answer_hash:
    "redis.call('HSET', KEYS[1] .. ':h', 'a', 1) return redis.call('HGETALL', KEYS[1] .. ':h')",
  answer_score:
    "redis.call('ZADD', KEYS[1] .. ':z', 1.5, 'm') return redis.call('ZRANGE', KEYS[1] .. ':z', 0, -1, 'WITHSCORES')",
};

const failures = {
  fail_error: 'error("boom")',
  fail_second_line: '\nerror("boom")',
  fail_call:
    "redis.call('SET', KEYS[1] .. ':t', 1)\nreturn redis.call('HGET', KEYS[1] .. ':t', 'f')",
  fail_error_reply: 'return redis.error_reply("MINE it went wrong")',
  fail_pcall:
    "redis.call('SET', KEYS[1] .. ':t', 1) return redis.pcall('HGET', KEYS[1] .. ':t', 'f')",
  fail_nested: "return { 1, { redis.error_reply('MINE deep') } }",
  fail_index: 'local a = nil\nreturn a.b',
};

describe.each(flavours)('on %s', (flavour: RedisFlavour) => {
  const bed = new RedisBed();

  async function open() {
    const server = await bed.server({ flavour });
    const extraScripts = { ...answers, ...failures, ...bedScripts };
    const embedded = await openEmbeddedStore({
      dataDir: null,
      prefix: '{bed}',
      clock: systemClock,
      extraScripts,
    });
    return { server, embedded, store: await bed.store(server.url, { extraScripts }) };
  }
  const opening = open();
  afterAll(async () => (await opening).embedded.close());

  test.each(Object.keys(answers))('%s is the same from both engines', async (name) => {
    const { store, embedded } = await opening;
    const reply = await embedded.run(name, ['x']);
    expect(await store.run(name, ['x'])).toEqual(reply);
  });

  test.each(Object.keys(failures))('%s is the same error from both engines', async (name) => {
    const { store, embedded } = await opening;
    const error = await rejection(store.run(name, []));
    expect(error).toBeInstanceOf(ScriptError);
    expect(error.message).toBe((await rejection(embedded.run(name, []))).message);
  });

  test('a script that does not exist is an error of the caller', async () => {
    const { store, embedded } = await opening;
    const error = await rejection(store.run('no_such_script', []));
    expect(error).toBeInstanceOf(ScriptError);
    expect(error.message).toBe((await rejection(embedded.run('no_such_script', []))).message);
  });

  test('arguments of every kind arrive as they do in the embedded engine', async () => {
    const { store, embedded } = await opening;
    const args = [
      '',
      'zażółć 🐢',
      'a\0b\r\n$3',
      '\ud800',
      0,
      -0,
      1.5,
      0.1,
      1e21,
      1e-7,
      2 ** 53,
      -42,
    ];
    expect(await store.run('bed_echo', args)).toEqual(await embedded.run('bed_echo', args));
  });

  test('a large value comes back whole', async () => {
    const { store } = await opening;
    const text = 'żółw🐢'.repeat(500_000);
    await store.run('bed_call', ['SET', 'large', text]);
    expect((await store.run('bed_call', ['GET', 'large'])) === text).toBe(true);
  });

  test('every script of lua/ is loaded', async () => {
    const { store } = await opening;
    for (const name of loadScripts().keys()) {
      const message = await store.run(name, []).then(
        () => '',
        (error: Error) => error.message,
      );
      expect(message).not.toContain('there is no script');
    }
  });

  test('scripts that Redis forgot are taught again, also when thousands are under way', async () => {
    const { store } = await opening;
    const access = connectRedis((await opening).server.url);
    const connection = await access.masterOf('{bed}');
    await connection.sendCommand(['SCRIPT', 'FLUSH']);
    connection.close();
    const runs = Array.from({ length: 2_000 }, (_, index) => store.run('bed_echo', [index]));
    expect(await Promise.all(runs)).toEqual(runs.map((_, index) => [String(index)]));
    expect(store.trouble()).toBeNull();
  });

  test('ten thousand scripts at once are answered, each with its own reply', async () => {
    const { store } = await opening;
    const runs: Promise<Reply>[] = [];
    for (let index = 0; index < 10_000; index += 1) runs.push(store.run('bed_echo', [index]));
    const replies = await Promise.all(runs);
    expect(replies.every((reply, index) => String(reply) === String(index))).toBe(true);
  });

  test('settled waits for the scripts that were started before', async () => {
    const { store } = await opening;
    await store.settled();
    const order: string[] = [];
    const run = store.run('bed_one', []).then(() => order.push('answered'));
    await store.settled().then(() => order.push('settled'));
    await run;
    expect(order).toEqual(['answered', 'settled']);
  });

  test('what scripts publish is heard, until one stops listening', async () => {
    const { store } = await opening;
    const heard: string[] = [];
    const stop = store.subscribe((channel, message) => heard.push(`${channel} ${message}`));
    await store.run('bed_publish', ['wake', '12 fn ż']);
    await store.run('bed_publish', ['later', 'x']);
    await eventually(() => heard.length === 2);
    expect(heard).toEqual(['{bed}:wake 12 fn ż', '{bed}:later x']);
    stop();
    const others = hear(store);
    await store.run('bed_publish', ['wake', 'more']);
    await eventually(() => others.length === 1);
    expect(heard).toHaveLength(2);
  });

  test('another store with the same prefix hears it too, one with another prefix does not', async () => {
    const { store, server } = await opening;
    const same = hear(await bed.store(server.url));
    const other = await bed.store(server.url, { prefix: '{bed*}' });
    const foreign = hear(other);
    await store.run('bed_publish', ['wake', 'x']);
    await other.run('bed_publish', ['wake', 'own']);
    await eventually(() => same.length === 1 && foreign.length === 1);
    expect([same, foreign]).toEqual([['{bed}:wake x'], ['{bed*}:wake own']]);
  });

  test('close lets what is under way be answered, and refuses what comes later', async () => {
    const { server } = await opening;
    const store = await bed.store(server.url);
    const runs = Array.from({ length: 100 }, () => store.run('bed_one', []));
    const closing = store.close();
    expect(await Promise.all(runs)).toEqual(runs.map(() => 1));
    await closing;
    expect((await rejection(store.run('bed_one', []))).name).toBe('StoreUnavailableError');
    await store.close();
  });

  test('the connection for those who read keys themselves answers in the same types', async () => {
    const { server, store } = await opening;
    await store.run('bed_call', ['SET', 'seen', 'ż']);
    const connection = await connectRedis(server.url).masterOf('{bed}');
    expect(await connection.sendCommand(['GET', '{bed}:seen'])).toBe('ż');
    expect(await connection.sendCommand(['GET', '{bed}:unseen'])).toBeNull();
    const [cursor, keys] = (await connection.sendCommand(['SCAN', '0', 'COUNT', '1000'])) as [
      string,
      string[],
    ];
    expect([cursor, keys.includes('{bed}:seen')]).toEqual(['0', true]);
    connection.close();
    expect((await rejection(connection.sendCommand(['PING']))).message).toContain('was closed');
  });
});

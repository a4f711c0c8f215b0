/** The seam itself: what goes into a script, what comes out of it, and in which order (src/store/store.ts). */
import { beforeEach, describe, expect, test } from 'bun:test';
import { ScriptError, StoreUnavailableError } from '../../../src/store/store.ts';
import { listenFor, onEachEngine, type StoreUnderTest } from '../../store_under_test.ts';

const extraScripts = {
  seam_echo: 'return ARGV',
  seam_keys: 'return { KEYS[1], #KEYS }',
  seam_replies: `return { 1, -7, 3.9, -3.9, 'text', '', true, false, { 'a', { 2 } }, {},
    redis.status_reply('FINE'), { 1, nil, 3 } }`,
  seam_nothing: 'return nil',
  seam_no: 'return false',
  seam_refuse: "return redis.error_reply('NOPE try something else')",
  seam_raise: "redis.call('SET', KEYS[1] .. ':before', '1')\nerror('too bad')",
  seam_wrong_type: `redis.call('SET', KEYS[1] .. ':text', '1')
    return redis.call('LPUSH', KEYS[1] .. ':text', '2')`,
  seam_append: "return redis.call('APPEND', KEYS[1] .. ':log', ARGV[1])",
};

onEachEngine((engine) => {
  let under: StoreUnderTest;
  let store: StoreUnderTest['store'];

  beforeEach(async () => {
    under = await engine.open({ extraScripts });
    store = under.store;
  });

  const failureOf = async (script: string): Promise<unknown> =>
    store.run(script, []).then(
      () => null,
      (error: unknown) => error,
    );

  test('a script is given the prefix as its only key', async () => {
    expect(await store.run('seam_keys', [])).toEqual([under.prefix, 1]);
  });

  test('texts arrive and come back as they are', async () => {
    const texts = ['', ' ', 'grüße 𝄞', '\u0000\r\n', '{"a":"b"}', '-0', 'x'.repeat(100_000)];
    expect(await store.run('seam_echo', texts)).toEqual(texts);
  });

  test('numbers arrive with all their digits', async () => {
    const numbers = [0, -1, 1_767_225_600_000, 2 ** 53 - 1, 0.5, 0.1, 1e21];
    expect(await store.run('seam_echo', numbers)).toEqual([
      ...['0', '-1', '1767225600000', '9007199254740991'],
      ...['0.5', '0.10000000000000001', '1e+21'],
    ]);
  });

  test('thousands of arguments are no trouble', async () => {
    const texts = Array.from({ length: 5_000 }, (_, n) => String(n));
    expect(await store.run('seam_echo', texts)).toEqual(texts);
  });

  test('replies come out as Redis gives them', async () => {
    expect(await store.run('seam_replies', [])).toEqual([
      ...[1, -7, 3, -3, 'text', '', 1, null],
      ['a', [2]],
      ...[[], 'FINE', [1]],
    ]);
    expect([await store.run('seam_nothing', []), await store.run('seam_no', [])]).toEqual([
      null,
      null,
    ]);
  });

  test('a store that has been closed is away', async () => {
    await store.close();
    expect(await failureOf('seam_keys')).toBeInstanceOf(StoreUnavailableError);
  });

  describe('a script that fails', () => {
    test('is named, with the reason; what it wrote before stays', async () => {
      const error = await failureOf('seam_raise');
      expect(error).toBeInstanceOf(ScriptError);
      expect(error).toMatchObject({ code: 'script_error', script: 'seam_raise' });
      expect(String(error)).toContain('seam_raise:2: too bad');
      expect(await under.read('GET', 'before')).toBe('1');
    });

    test('fails by the errors of commands and by those that it returns', async () => {
      expect(String(await failureOf('seam_wrong_type'))).toContain('WRONGTYPE');
      expect(String(await failureOf('seam_refuse'))).toContain('NOPE try something else');
    });

    test('does not keep others from running', async () => {
      await failureOf('seam_raise');
      expect(await store.run('seam_echo', ['on'])).toEqual(['on']);
      expect(store.trouble()).toBeNull();
    });

    test('may be one that does not exist', async () => {
      expect(await failureOf('seam_missing')).toBeInstanceOf(ScriptError);
    });
  });

  test('calls of one process run in the order in which they were made', async () => {
    const calls = Array.from('abcdefghij', (letter) => store.run('seam_append', [letter]));
    await store.settled();
    expect(await under.read('GET', 'log')).toBe('abcdefghij');
    expect(await Promise.all(calls)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  test('messages come in the order in which they were sent', async () => {
    const heard = await listenFor(under, 'news');
    for (const news of ['1', 'grüße', '']) await under.read('PUBLISH', 'news', news);
    expect(await heard()).toEqual(['1', 'grüße', '']);
  });
});

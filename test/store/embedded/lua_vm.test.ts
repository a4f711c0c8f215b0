import { expect, test } from 'bun:test';
import { LuaVm } from '../../../src/store/embedded/lua_vm.ts';
import { ScriptError } from '../../../src/store/store.ts';
import { openProbe, type Probe } from './probe.ts';

/** Opens a store with one script, `s`, and returns a way to run it. */
async function script(source: string): Promise<Probe['call']> {
  const { store } = await openProbe({ extraScripts: { s: source } });
  return (...args) => store.runSync('s', args);
}

test('KEYS[1] is the prefix and ARGV holds strings', async () => {
  const run = await script('return { KEYS[1], #KEYS, type(ARGV[1]), ARGV[1], ARGV[2] }');
  expect(run(12, 0.5)).toEqual(['{inngest}', 1, 'string', '12', '0.5']);
});

test('replies follow the rules of Redis', async () => {
  const run = await script(`
    local replies = { number = 3.99, negative = -3.99, text = 'x', yes = true, no = false,
      list = { 1, 'two', { 3 }, true, nil, 5 }, status = redis.status_reply('FINE'), table = {} }
    return replies[ARGV[1]]`);
  expect(run('number')).toBe(3);
  expect(run('negative')).toBe(-3);
  expect(run('text')).toBe('x');
  expect(run('yes')).toBe(1);
  expect(run('no')).toBeNull();
  expect(run('list')).toEqual([1, 'two', [3], 1]);
  expect(run('status')).toBe('FINE');
  expect(run('table')).toEqual([]);
  expect(run('none')).toBeNull();
});

test('numbers given to redis.call print as Redis prints them', async () => {
  const run = await script(`
    local out = {}
    for i, n in ipairs({ 1, -1, 2^53, 1.5, 0.1, 1e100, 1e-5, 123456789.125, 2^31, 1/3, 1/0 }) do
      redis.call('SET', 'n', n)
      out[i] = redis.call('GET', 'n')
    end
    return out`);
  expect(run()).toEqual([
    ...['1', '-1', '9007199254740992', '1.5', '0.10000000000000001', '1e+100'],
    ...['1.0000000000000001e-05', '123456789.125', '2147483648', '0.33333333333333331', 'inf'],
  ]);
});

test('strings cross as UTF-8, with zero bytes and of any length', async () => {
  const run = await script(`
    redis.call('HSET', 'h', 'f', ARGV[1])
    return { #ARGV[1], redis.call('HGET', 'h', 'f') }`);
  for (const text of ['', 'plain', 'é€😀', 'a\0b', '\u007f\u0080\u07ff\u0800\uffff']) {
    expect(run(text)).toEqual([Buffer.byteLength(text), text]);
  }
  const large = 'ä'.repeat(2 * 1024 * 1024);
  expect(run(large)).toEqual([4 * 1024 * 1024, large]);
});

const failures: Readonly<Record<string, readonly [source: string, message: string]>> = {
  'a global that is not there': ['return missing', "nonexistent global variable 'missing'"],
  'creating a global': ['x = 1', "attempted to create global variable 'x'"],
  'replacing a library': ['string = nil', "attempted to create global variable 'string'"],
  'reading a file': ["io.open('x')", "nonexistent global variable 'io'"],
  'loading code': ["loadstring('return 1')", "nonexistent global variable 'loadstring'"],
  randomness: ['return math.random()', "attempt to call field 'random'"],
  'an error with text': ["error('no room')", 's:1: no room'],
  'an error with a table': ["error({ err = 'BUSY later' })", 'BUSY later'],
  'an error with nothing': ['error()', 'neither text nor a table'],
  'an error reply': ["return redis.error_reply('BUSY later')", 'script s: BUSY later'],
  'a failing command': ["return redis.call('INCR', 'a', 'b')", 'Wrong number of args'],
  'a table as an argument': ["return redis.call('SET', 'a', {})", 'must be strings or integers'],
  'no arguments': ['return redis.call()', 'at least one argument'],
  'endless recursion': ['local f f = function() return 1 + f() end return f()', 'stack overflow'],
  'a reply that holds itself': ['local t = {} t[1] = t return t', 'nests too deeply'],
};

for (const [name, [source, message]] of Object.entries(failures)) {
  test(`${name} is a ScriptError and leaves the next run unharmed`, async () => {
    const { store, call } = await openProbe({ extraScripts: { s: source } });
    expect(() => store.runSync('s', [])).toThrow(ScriptError);
    expect(() => store.runSync('s', [])).toThrow(message);
    expect(call('SET', 'a', 1)).toBe('OK');
  });
}

test('the line of a failing command is in the message', async () => {
  const run = await script("local x = 1\nredis.call('SET', 'a', 1)\nredis.call('LPUSH', 'a', 1)");
  expect(() => run()).toThrow(/WRONGTYPE .*\(s:3\)/);
});

test('a script that does not parse is refused when the store opens', async () => {
  await expect(openProbe({ extraScripts: { s: 'return (' } })).rejects.toThrow('script s: s:1:');
});

test('an unknown script is refused', async () => {
  const { store } = await openProbe();
  await expect(store.run('gone', [])).rejects.toThrow(
    'script gone: there is no script of this name',
  );
});

test('pcall turns a failing command into a value and the script goes on', async () => {
  const run = await script(`
    local reply = redis.pcall('INCR', 'a', 'b')
    redis.call('SET', 'a', 'after')
    local isFine = pcall(redis.call, 'NOPE')
    return { reply.err, isFine, redis.call('GET', 'a') }`);
  expect(run()).toEqual([
    'ERR Wrong number of args calling Redis command from script',
    null,
    'after',
  ]);
});

test('what a script wrote before it failed stays, as in Redis', async () => {
  const { store, call } = await openProbe({
    extraScripts: { s: "redis.call('SET', 'a', 1) error('late')" },
  });
  expect(() => store.runSync('s', [])).toThrow('late');
  expect(call('GET', 'a')).toBe('1');
});

test('200,000 commands, a third of them failing, do not grow the memory of Lua', async () => {
  const { store } = await openProbe({
    extraScripts: {
      s: `for i = 1, 20 do
          redis.call('HSET', 'h', 'f' .. i, ARGV[1] .. i)
          redis.pcall('INCR', 'h')
          redis.call('HGETALL', 'h')
        end
        if ARGV[2] == '1' then error({ err = 'ERR asked to fail' }) end
        return redis.call('HVALS', 'h')`,
    },
  });
  const run = (at: number): void => {
    try {
      store.runSync('s', ['value-'.repeat(10) + at, at % 2]);
    } catch (error) {
      if (!(error instanceof ScriptError)) throw error;
    }
  };
  for (let at = 0; at < 300; at += 1) run(at);
  const before = store.stats().luaBytes;
  for (let at = 0; at < 3100; at += 1) run(at);
  expect(store.stats().luaBytes).toBe(before);
});

test('large arguments do not pile up', async () => {
  const { store } = await openProbe({ extraScripts: { s: 'return #ARGV[1]' } });
  const large = 'x'.repeat(4 * 1024 * 1024);
  for (let at = 0; at < 5; at += 1) store.runSync('s', [large]);
  const before = store.stats().luaBytes;
  for (let at = 0; at < 20; at += 1) expect(store.runSync('s', [large])).toBe(large.length);
  expect(store.stats().luaBytes).toBe(before);
});

test('cjson reads and writes JSON', async () => {
  const run = await script(`
    local value = cjson.decode(ARGV[1])
    value.none, value.sum = cjson.null, value.list[1] + value.list[2]
    local keys = {}
    for key in pairs(value) do keys[#keys + 1] = key end
    table.sort(keys)
    for at, key in ipairs(keys) do keys[at] = cjson.encode({ [key] = value[key] }) end
    return keys`);
  expect(run('{"list":[1,0.5],"text":"a\\u00e9\\ud83d\\ude00/"}')).toEqual([
    ...['{"list":[1,0.5]}', '{"none":null}', '{"sum":1.5}', '{"text":"aé😀\\/"}'],
  ]);
});

test('what cjson cannot read or write is an error at the line of the script', async () => {
  const run = await script(
    'local value = cjson.decode(ARGV[1])\nreturn cjson.encode({ value, tostring })',
  );
  expect(() => run('{"a" 1}')).toThrow('s:1: Expected colon but found T_NUMBER at character 6');
  expect(() => run('['.repeat(1001))).toThrow(
    's:1: Found too many nested data structures (1001) at character 1001',
  );
  expect(() => run('1')).toThrow('Cannot serialise function: type not supported');
});

test('bit counts in 32 bits', async () => {
  const run = await script(
    'return { bit.band(255, 15), bit.bnot(0), bit.lshift(1, 31), bit.bxor(5, 1), bit.tohex(255) }',
  );
  expect(run()).toEqual([15, -1, -2_147_483_648, 4, '000000ff']);
});

test('redis.sha1hex hashes bytes', async () => {
  const run = await script('return redis.sha1hex(ARGV[1])');
  expect(run('é')).toBe(new Bun.CryptoHasher('sha1').update('é').digest('hex'));
});

test('a script without an end is ended, even when it catches its errors, and the next one runs', async () => {
  const vm = await LuaVm.start('p', () => null, 50);
  vm.compile('endless', 'while true do pcall(function() while true do end end) end');
  vm.compile('short', 'local sum = 0 for i = 1, 3000000 do sum = sum + i end return sum');
  for (let at = 0; at < 2; at += 1) {
    expect(() => vm.run('endless', [])).toThrow('ended because it ran for more than 50 ms');
    expect(vm.run('short', [])).toBe(4_500_001_500_000);
  }
  vm.close();
});

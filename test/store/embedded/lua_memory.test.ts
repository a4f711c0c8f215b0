import { expect, test } from 'bun:test';
import { checkLayout } from '../../../src/store/embedded/lua_layout.ts';
import { startLuaWasm } from '../../../src/store/embedded/lua_wasm.ts';
import { openProbe, type Probe } from './probe.ts';

/** Opens a store with one script, `s`, and returns a way to run it. */
async function script(source: string): Promise<Probe['call']> {
  const { store } = await openProbe({ extraScripts: { s: source } });
  return (...args) => store.runSync('s', args);
}

const mebibyte = 1024 * 1024;

test('the interpreter keeps its values where the engine looks for them', async () => {
  const wasm = await startLuaWasm();
  expect(() => checkLayout(wasm, wasm.api.luaL_newstate())).not.toThrow();
});

test('an interpreter that keeps its values elsewhere is refused in words', async () => {
  const wasm = await startLuaWasm();
  const lua = wasm.api.luaL_newstate();
  // As if lua_State began with one more word.
  wasm.words = wasm.words.subarray(1);
  expect(() => checkLayout(wasm, lua)).toThrow('bring that file up to date');
});

test('a string is never taken for one that had its place in memory before', async () => {
  // Strings of equal length: what is collected makes room for the next.
  const run = await script(`
    for i = 1, 40000 do
      local text = string.format('%s-%06d', ARGV[1], i)
      redis.call('HSET', 'h', 'f', text)
      if redis.call('HGET', 'h', 'f') ~= text then return i end
    end
    return redis.call('HGET', 'h', 'f')`);
  for (const name of ['a', 'b', 'c']) expect(run(name)).toBe(`${name}-040000`);
});

test('arguments and replies are never those of an earlier run', async () => {
  const run = await script('return { ARGV[1], ARGV[1] .. ARGV[2], #ARGV[1] }');
  for (let at = 0; at < 60_000; at += 1) {
    const [first, second] = [`first-${at}`, `second-${at}`];
    const reply = run(first, second);
    if (JSON.stringify(reply) === JSON.stringify([first, first + second, first.length])) continue;
    throw new Error(`run ${at} answered ${JSON.stringify(reply)}`);
  }
});

test('half a character arrives as U+FFFD, also where it is handed back', async () => {
  const run = await script(`
    redis.call('SET', 'k', ARGV[1])
    return { ARGV[1], redis.call('GET', 'k') }`);
  expect(run('a\ud800b')).toEqual(['a\ufffdb', 'a\ufffdb']);
  expect(run('a\ufffdb')).toEqual(['a\ufffdb', 'a\ufffdb']);
});

test('a string that is not text is refused however often it is given', async () => {
  const run = await script(`
    local half = string.sub('é', 1, 1)
    local first, second = redis.pcall('SET', 'k', half), redis.pcall('SET', 'k', half)
    return { first.err, second.err }`);
  const message = 'ERR a string is not valid UTF-8, which the embedded engine cannot store';
  expect(run()).toEqual([message, message]);
});

test('lists are read however they were made', async () => {
  const run = await script(`
    local lists = { backwards = {}, named = { [1] = 'a', [2] = 'b', [3] = 'c', other = 'd' },
      long = {}, hole = { 'a', nil, 'c' }, nested = { { { 'a' }, { [1] = 'b' } }, 'c' } }
    for i = 3, 1, -1 do lists.backwards[i] = i end
    for i = 1, 1000 do lists.long[i] = i end
    return lists[ARGV[1]]`);
  expect(run('backwards')).toEqual([1, 2, 3]);
  expect(run('named')).toEqual(['a', 'b', 'c']);
  expect(run('hole')).toEqual(['a']);
  expect(run('nested')).toEqual([[['a'], ['b']], 'c']);
  expect(run('long')).toEqual(Array.from({ length: 1000 }, (_, at) => at + 1));
});

test('a script that makes much garbage is collected while it runs', async () => {
  const { store } = await openProbe({
    extraScripts: {
      s: `
        local text = string.rep('x', 1000)
        for i = 1, 200000 do local longer = text .. i end
        for i = 1, 2000 do redis.call('SET', 'k', text .. i) end
        return redis.call('GET', 'k')`,
    },
  });
  expect(store.runSync('s', [])).toBe(`${'x'.repeat(1000)}2000`);
  expect(store.stats().luaBytes).toBeLessThan(32 * mebibyte);
});

test('strings are read rightly after the memory has grown', async () => {
  const run = await script(`
    local kept = {}
    for i = 1, 40 do
      kept[i] = string.rep(ARGV[1], 1024 * 1024)
      redis.call('SET', 'k' .. i, i .. ARGV[1])
    end
    return { redis.call('GET', 'k1'), redis.call('GET', 'k40'), #kept[40] }`);
  expect(run('y')).toEqual(['1y', '40y', mebibyte]);
});

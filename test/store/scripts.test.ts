import { expect, test } from 'bun:test';
import { LuaVm } from '../../src/store/embedded/lua_vm.ts';
import { loadScripts, resolveScripts } from '../../src/store/scripts.ts';

test('an include line is replaced by the fragment, which may include others', () => {
  const scripts = resolveScripts({
    'lib/lease': '-- include: clock\nlocal lease = now',
    'lib/clock': 'local now = 1',
    take: '-- include: lease\nreturn lease',
  });
  expect([...scripts]).toEqual([['take', 'local now = 1\nlocal lease = now\nreturn lease']]);
});

test('a fragment that is asked for twice appears once', () => {
  const files = {
    'lib/a': '-- include: c\nlocal a',
    'lib/b': '-- include: c\nlocal b',
    'lib/c': 'local c',
    s: '-- include: a\n-- include: b\nreturn 1',
  };
  expect(resolveScripts(files).get('s')).toBe('local c\nlocal a\n\nlocal b\nreturn 1');
});

test('fragments that include each other are refused with the way around', () => {
  const files = { 'lib/a': '-- include: b', 'lib/b': '-- include: a', s: '-- include: a' };
  expect(() => resolveScripts(files)).toThrow('s -> lib/a -> lib/b -> lib/a');
});

test('an include of something that does not exist names both files', () => {
  expect(() => resolveScripts({ s: '-- include: gone' })).toThrow(
    'lua/lib/gone.lua does not exist',
  );
});

test('a comment that only mentions an include is left alone', () => {
  const text = '-- what `-- include: x` does\nreturn 1';
  expect(resolveScripts({ s: text }).get('s')).toBe(text);
});

test('the scripts of lua/ load with every include filled in', () => {
  for (const [name, text] of loadScripts()) {
    expect(name).not.toStartWith('lib/');
    expect(text).not.toMatch(/^\s*--\s*include:/m);
  }
});

test('every script of lua/ compiles', async () => {
  const vm = await LuaVm.start('{test}', () => null);
  for (const [name, text] of loadScripts()) vm.compile(name, text);
  vm.close();
});

/** A map with room for a few. */
import { expect, test } from 'bun:test';
import { Lru } from '../../src/lib/lru.ts';

test('what was not used for longest goes when there is no room', () => {
  const lru = new Lru<string, number>(2);
  lru.set('a', 1);
  lru.set('b', 2);
  expect(lru.get('a')).toBe(1);
  lru.set('c', 3);
  expect([lru.has('a'), lru.has('b'), lru.has('c')]).toEqual([true, false, true]);
  expect(lru.size).toBe(2);
});

test('setting a value again counts as use', () => {
  const lru = new Lru<string, number>(2);
  lru.set('a', 1);
  lru.set('b', 2);
  lru.set('a', 10);
  lru.set('c', 3);
  expect([lru.get('a'), lru.get('b')]).toEqual([10, undefined]);
});

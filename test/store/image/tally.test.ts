import { expect, test } from 'bun:test';
import { chunksOf, type ImageChunk } from '../../../src/store/image/chunk.ts';
import { differences, Tally } from '../../../src/store/image/tally.ts';

const hourMs = 3_600_000;

function tallyOf(chunks: readonly ImageChunk[]): Tally {
  const tally = new Tally();
  for (const chunk of chunks) tally.add(chunk);
  return tally;
}

function hash(key: string, fields: Record<string, string>, expiresAtMs = 0): ImageChunk[] {
  return [...chunksOf({ key, kind: 'hash', expiresAtMs }, Object.entries(fields))];
}

function list(key: string, elements: readonly string[]): ImageChunk[] {
  return [
    ...chunksOf(
      { key, kind: 'list', expiresAtMs: 0 },
      elements.map((text) => [text]),
    ),
  ];
}

test('the order of keys and fields makes no difference', () => {
  const one = tallyOf([...hash('run:1', { a: '1', b: '2' }), ...hash('run:2', { c: '3' })]);
  const other = tallyOf([...hash('run:2', { c: '3' }), ...hash('run:1', { b: '2', a: '1' })]);
  expect(other.groups()).toEqual(one.groups());
  expect(differences(one, other, 0)).toEqual([]);
});

test('how a large key was cut makes no difference', () => {
  const texts = Array.from({ length: 1_234 }, (_, at) => `element ${at}`);
  const whole: ImageChunk = { key: 'outbox', kind: 'list', expiresAtMs: 0, start: 0, texts };
  expect(tallyOf(list('outbox', texts)).groups()).toEqual(tallyOf([whole]).groups());
});

test.each([
  ['a value', hash('run:1', { a: '1' }), hash('run:1', { a: '2' })],
  ['a name', hash('run:1', { a: '1' }), hash('run:2', { a: '1' })],
  ['where a name ends', hash('run:1', { ab: 'c' }), hash('run:1', { a: 'bc' })],
  ['an expiry', hash('run:1', { a: '1' }), hash('run:1', { a: '1' }, 48 * hourMs)],
  ['the order of a list', list('outbox', ['a', 'b']), list('outbox', ['b', 'a'])],
  ['an element more', list('outbox', ['a']), list('outbox', ['a', 'a'])],
  ['a key less', list('outbox', ['a']), []],
])('%s makes a difference', (_, before, after) => {
  expect(differences(tallyOf(before), tallyOf(after), 0)).toHaveLength(1);
});

test('a key that expired while it was moved is no difference', () => {
  const before = tallyOf([...hash('once:1', { a: '1' }, 2 * hourMs), ...hash('run:1', { b: '2' })]);
  const after = tallyOf(hash('run:1', { b: '2' }));
  expect(differences(before, after, hourMs)).toEqual([
    expect.stringContaining('once: 1 keys with 1 parts'),
  ]);
  expect(differences(before, after, 2 * hourMs)).toEqual([]);
});

import { describe, expect, test } from 'bun:test';
import { parseSeed, seededId } from '../../src/event/seed.ts';

describe('the seed header', () => {
  test('gives the ids of the protocol', () => {
    const seed = parseSeed('1700000000000,AAAAAAAAAAAAAA==');
    if (seed === null) throw new Error('no seed');
    expect(seededId(seed, 0)).toBe('01HF7YAT000000000000000000');
    expect(seededId(seed, 1)).toBe('01HF7YAT000000000000000001');
    expect(seededId(seed, 32)).toBe('01HF7YAT000000000000000010');
  });

  test('adds the index to the last four bytes only', () => {
    const bytes = Buffer.from([1, 2, 3, 4, 5, 6, 255, 255, 255, 255]);
    const seed = parseSeed(`1700000000000,${bytes.toString('base64')}`);
    if (seed === null) throw new Error('no seed');
    const expected = parseSeed(
      `1700000000000,${Buffer.from([1, 2, 3, 4, 5, 6, 0, 0, 0, 0]).toString('base64')}`,
    );
    if (expected === null) throw new Error('no seed');
    expect(seededId(seed, 1)).toBe(seededId(expected, 0));
  });

  test('is as good as absent when it is malformed', () => {
    const malformed = [
      ...[undefined, null, '', ',', '1700000000000', '0,AAAAAAAAAAAAAA==', '-5,AAAAAAAAAAAAAA=='],
      ...['1700000000000,AAAA', '1700000000000,AAAAAAAAAAAAAAAA', '1700000000000,AAAAAAAAAAAA_A=='],
      ...['999999999999999,AAAAAAAAAAAAAA==', '1e3,AAAAAAAAAAAAAA==', '1,AAAAAAAAAAAAAA==,x'],
    ];
    for (const header of malformed) expect(parseSeed(header)).toBeNull();
  });
});

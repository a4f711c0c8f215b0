import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { isUlid, ulid, ulidFromBytes, ulidMsMax, ulidTime } from '../../src/lib/ulid.ts';

describe('ulid', () => {
  test('the ids of one millisecond ascend and differ', () => {
    const ids = Array.from({ length: 10_000 }, () => ulid(1_700_000_000_000));
    expect(new Set(ids).size).toBe(ids.length);
    expect([...ids].sort()).toEqual(ids);
  });

  test('an id carries its time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: ulidMsMax }), (ms) => {
        const id = ulid(ms);
        return isUlid(id) && ulidTime(id) === ms;
      }),
    );
  });

  test('ids sort by time', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2e12 }),
        fc.integer({ min: 1, max: 1e9 }),
        (ms, later) => {
          return ulid(ms) < ulid(ms + later);
        },
      ),
    );
  });

  test('a clock that steps back gives ids of the earlier time', () => {
    ulid(2_000_000_000_000);
    expect(ulidTime(ulid(1_900_000_000_000))).toBe(1_900_000_000_000);
  });

  test('given bytes give the ids that other implementations give', () => {
    expect(ulidFromBytes(1_700_000_000_000, new Uint8Array(10))).toBe('01HF7YAT000000000000000000');
    const ones = new Uint8Array(10).fill(255);
    expect(ulidFromBytes(ulidMsMax, ones)).toBe('7ZZZZZZZZZZZZZZZZZZZZZZZZZ');
    expect(ulidFromBytes(0, Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0, 0, 32))).toBe(
      '00000000000000000100000010',
    );
  });

  test('a time or an entropy that does not fit is refused', () => {
    for (const ms of [-1, 0.5, Number.NaN, 2 ** 48]) expect(() => ulid(ms)).toThrow(RangeError);
    expect(() => ulidFromBytes(0, new Uint8Array(9))).toThrow('10 bytes');
    expect(() => ulidTime('nonsense')).toThrow(RangeError);
  });

  test('only 26 characters of upper-case Crockford base 32 are a ULID', () => {
    expect(isUlid('01HF7YAT000000000000000001')).toBe(true);
    for (const text of ['', '01HF7YAT00000000000000000', '01hf7yat000000000000000001']) {
      expect(isUlid(text)).toBe(false);
    }
    for (const text of ['81HF7YAT000000000000000001', '01HF7YAT00000000000000000I']) {
      expect(isUlid(text)).toBe(false);
    }
  });
});

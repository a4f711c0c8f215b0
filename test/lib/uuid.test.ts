import { describe, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { isUuid, randomUuid, uuidBytes, uuidV5 } from '../../src/lib/uuid.ts';

/** Version 5 as RFC 9562 §5.5 describes it. */
function reference(name: string): string {
  const namespace = Buffer.from('6ba7b8129dad11d180b400c04fd430c8', 'hex');
  const bytes = createHash('sha1').update(namespace).update(name).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-');
}

describe('uuid', () => {
  test('version 5 ids are those of the OID namespace', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => uuidV5(name) === reference(name)),
    );
  });

  test('bytes and text of one name give one id', () => {
    expect(uuidV5(new TextEncoder().encode('shop'))).toBe(uuidV5('shop'));
  });

  test('random ids differ and are UUIDs', () => {
    expect(randomUuid()).not.toBe(randomUuid());
    expect(isUuid(randomUuid())).toBe(true);
  });

  test('the bytes of a UUID are those that its text spells', () => {
    expect(Buffer.from(uuidBytes('00000000-0000-4000-b000-0000000000ff')).toString('hex')).toBe(
      '0000000000004000b0000000000000ff',
    );
    expect(() => uuidBytes('nonsense')).toThrow(RangeError);
  });

  test('only dashed hexadecimal text of the right length is a UUID', () => {
    expect(isUuid('6BA7B812-9dad-11d1-80b4-00c04fd430c8')).toBe(true);
    for (const text of [
      '',
      '6ba7b8129dad11d180b400c04fd430c8',
      '6ba7b812-9dad-11d1-80b4-00c04fd430cg',
    ]) {
      expect(isUuid(text)).toBe(false);
    }
  });
});

/** Payloads as they are stored. */
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  compressBytesMin,
  decodePayload,
  encodePayload,
} from '../../../src/history/sql/payload.ts';

const kinds = ['sqlite', 'postgres'] as const;

test.each(kinds)('what is stored for %s is read back', (kind) => {
  const texts = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 50 }),
    fc.string({ unit: 'binary', maxLength: 50 }).map((text) => text.repeat(200)),
    fc.json(),
  );
  fc.assert(
    fc.property(texts, (text) => {
      expect(decodePayload(encodePayload(kind, text))).toBe(text.toWellFormed());
    }),
  );
});

test.each(kinds)(
  'only what is large is compressed for %s, and only when it gets smaller',
  (kind) => {
    const bytesOf = (text: string) => Buffer.byteLength(encodePayload(kind, text));
    expect(bytesOf('a'.repeat(compressBytesMin - 1))).toBe(compressBytesMin - 1);
    expect(bytesOf('a'.repeat(compressBytesMin))).toBeLessThan(100);
    const noise = Buffer.from(crypto.getRandomValues(new Uint8Array(4_000))).toString('latin1');
    expect(bytesOf(noise)).toBeLessThanOrEqual(Buffer.byteLength(noise));
  },
);

test('SQLite keeps what is small as text that people can read', () => {
  expect(encodePayload('sqlite', '{"a":1}')).toBe('{"a":1}');
});

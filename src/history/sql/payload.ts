/**
 * Payloads, outputs and facts as they are stored: as text while they are small, compressed (zstd) when that saves
 * space. SQLite has texts and blobs in one column, PostgreSQL bytes only; both are read alike.
 */
import type { DatabaseKind, Value } from './source.ts';

/** Below this, compressing saves less than a page and costs more than writing. */
export const compressBytesMin = 2_048;

/** How every zstd frame begins; no UTF-8 text does: its second byte cannot follow its first. */
const magic = [0x28, 0xb5, 0x2f, 0xfd] as const;

export function encodePayload(kind: DatabaseKind, text: string): string | Uint8Array {
  if (text.length < compressBytesMin) return kind === 'sqlite' ? text : Buffer.from(text);
  const plain = Buffer.from(text);
  const compressed = Bun.zstdCompressSync(plain);
  if (compressed.byteLength < plain.byteLength) return compressed;
  return kind === 'sqlite' ? text : plain;
}

export function decodePayload(value: string | Uint8Array): string {
  if (typeof value === 'string') return value;
  const isCompressed = magic.every((byte, index) => value[index] === byte);
  const bytes = isCompressed ? Bun.zstdDecompressSync(value) : value;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

/** Names and ids: PostgreSQL has no text with U+0000, and UTF-8 none with half a character. */
export function storableText(text: string): string {
  return (text.includes('\0') ? text.replaceAll('\0', '\uFFFD') : text).toWellFormed();
}

export function storableOrNull(text: string | null | undefined): Value {
  return text === null || text === undefined ? null : storableText(text);
}

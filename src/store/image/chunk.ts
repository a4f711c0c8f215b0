/** The state of one installation as a stream of records, the same for every engine: what is moved and compared. */
import type { Kind } from '../embedded/entry.ts';

/** A key, or some of a large one: those of a key follow each other. */
export interface ImageChunk {
  /** Without the prefix and the colon behind it. */
  readonly key: string;
  readonly kind: Kind;
  /** 0 when the key does not expire. */
  readonly expiresAtMs: number;
  /** How many of the key's parts came before this chunk. */
  readonly start: number;
  /** The value; fields and values; members; members and scores; or elements in their order. */
  readonly texts: readonly string[];
}

/** A string's value counts as its only part; a hash's field with its value is one, as is a member with its score. */
export const textsPerPart: Readonly<Record<Kind, number>> = {
  string: 1,
  hash: 2,
  set: 1,
  zset: 2,
  list: 1,
};

/** What a chunk holds at most, so that no key has to pass through memory or a command as a whole. */
export const chunkPartsMax = 500;
const chunkCharsMax = 512 * 1024;

/** Cuts the parts of one key into chunks. */
export function* chunksOf(
  { key, kind, expiresAtMs }: Pick<ImageChunk, 'key' | 'kind' | 'expiresAtMs'>,
  parts: Iterable<readonly string[]>,
  firstStart = 0,
): Generator<ImageChunk> {
  let texts: string[] = [];
  let chars = 0;
  let start = firstStart;
  for (const part of parts) {
    texts.push(...part);
    for (const text of part) chars += text.length;
    const count = texts.length / textsPerPart[kind];
    if (count < chunkPartsMax && chars < chunkCharsMax) continue;
    yield { key, kind, expiresAtMs, start, texts };
    start += count;
    texts = [];
    chars = 0;
  }
  if (texts.length > 0) yield { key, kind, expiresAtMs, start, texts };
}

/** Kept neither on disk nor in an image: it can be rebuilt. */
export function isEphemeral(key: string): boolean {
  return key.startsWith('x:');
}

/** Reads keys out of Redis: small ones many at a time, large ones page by page. */
import type { Kind } from '../embedded/entry.ts';
import { scoreText } from '../embedded/number_text.ts';
import type { Reply } from '../store.ts';
import { chunkPartsMax, chunksOf, type ImageChunk, textsPerPart } from './chunk.ts';
import { type RedisCommands, sendAll, textsOf } from './redis_commands.ts';

/** Keys read in one round trip. */
const batchKeys = 50;
const pageParts = String(chunkPartsMax);

interface Head {
  readonly key: string;
  readonly fullKey: string;
  readonly kind: Kind;
  readonly expiresAtMs: number;
}

/** Keys that have expired meanwhile are left out. */
export async function* chunksOfKeys(
  redis: RedisCommands,
  prefix: string,
  keys: readonly string[],
): AsyncGenerator<ImageChunk> {
  for (let at = 0; at < keys.length; at += batchKeys) {
    const heads = await headsOf(redis, prefix, keys.slice(at, at + batchKeys));
    const sizes = await sendAll(redis, heads.map(sizeCommand));
    const isSmall = (_: Head, index: number): boolean => Number(sizes[index]) <= chunkPartsMax;
    const small = heads.filter(isSmall);
    const values = await sendAll(redis, small.map(wholeCommand));
    for (const [index, head] of small.entries()) yield* wholeChunks(head, values[index] ?? null);
    for (const head of heads.filter((other, index) => !isSmall(other, index))) {
      yield* pagedChunks(redis, head);
    }
  }
}

const kinds: readonly Kind[] = ['string', 'hash', 'set', 'zset', 'list'];

async function headsOf(
  redis: RedisCommands,
  prefix: string,
  keys: readonly string[],
): Promise<Head[]> {
  const fullKeys = keys.map((key) => `${prefix}:${key}`);
  const replies = await sendAll(
    redis,
    fullKeys.flatMap((key) => [
      ['TYPE', key],
      ['PEXPIRETIME', key],
    ]),
  );
  return keys.flatMap((key, index) => {
    const fullKey = fullKeys[index] ?? '';
    const type = String(replies[index * 2]);
    const expiry = Number(replies[index * 2 + 1]);
    if (type === 'none' || expiry === -2) return [];
    const kind = kinds.find((known) => known === type);
    if (!kind) throw new Error(`${fullKey} is of type ${type}, which no inngest key has`);
    return [{ key, fullKey, kind, expiresAtMs: Math.max(0, expiry) }];
  });
}

/** A string has one part, however long it is: STRLEN would say its bytes, EXISTS says 1. */
const sizeNames: Readonly<Record<Kind, string>> = {
  string: 'EXISTS',
  hash: 'HLEN',
  set: 'SCARD',
  zset: 'ZCARD',
  list: 'LLEN',
};

function sizeCommand({ kind, fullKey }: Head): string[] {
  return [sizeNames[kind], fullKey];
}

function wholeCommand({ kind, fullKey }: Head): string[] {
  switch (kind) {
    case 'string':
      return ['GET', fullKey];
    case 'hash':
      return ['HGETALL', fullKey];
    case 'set':
      return ['SMEMBERS', fullKey];
    case 'zset':
      return ['ZRANGE', fullKey, '0', '-1', 'WITHSCORES'];
    case 'list':
      return ['LRANGE', fullKey, '0', '-1'];
  }
}

function* wholeChunks(head: Head, value: Reply): Generator<ImageChunk> {
  if (value === null) return;
  const texts = head.kind === 'string' ? [String(value)] : textsOf(value);
  yield* chunksOf(head, partsOf(head.kind, texts));
}

function* partsOf(kind: Kind, texts: readonly string[]): Generator<readonly string[]> {
  const step = textsPerPart[kind];
  for (let at = 0; at < texts.length; at += step) {
    const [first = '', second = ''] = texts.slice(at, at + step);
    if (step === 1) yield [first];
    else yield [first, kind === 'zset' ? scoreText(scoreOf(second)) : second];
  }
}

/** Redis writes scores with up to 17 digits; the shortest text of the same number is what is compared. */
function scoreOf(text: string): number {
  if (text === 'inf') return Number.POSITIVE_INFINITY;
  return text === '-inf' ? Number.NEGATIVE_INFINITY : Number(text);
}

async function* pagedChunks(redis: RedisCommands, head: Head): AsyncGenerator<ImageChunk> {
  let start = 0;
  for await (const texts of pagesOf(redis, head)) {
    for (const chunk of chunksOf(head, partsOf(head.kind, texts), start)) {
      yield chunk;
      start = chunk.start + chunk.texts.length / textsPerPart[head.kind];
    }
  }
}

function pagesOf(redis: RedisCommands, head: Head): AsyncGenerator<string[]> {
  if (head.kind === 'hash') return scanPages(redis, 'HSCAN', head);
  if (head.kind === 'set') return scanPages(redis, 'SSCAN', head);
  return rankPages(redis, head);
}

async function* rankPages(redis: RedisCommands, { kind, fullKey }: Head): AsyncGenerator<string[]> {
  const command = kind === 'zset' ? 'ZRANGE' : 'LRANGE';
  const option = kind === 'zset' ? ['WITHSCORES'] : [];
  for (let from = 0; ; from += chunkPartsMax) {
    const range = [String(from), String(from + chunkPartsMax - 1)];
    const texts = textsOf(await redis.sendCommand([command, fullKey, ...range, ...option]));
    if (texts.length > 0) yield texts;
    if (texts.length < chunkPartsMax * textsPerPart[kind]) return;
  }
}

/** HSCAN and SSCAN may name a part twice; each is passed on once. */
async function* scanPages(
  redis: RedisCommands,
  command: 'HSCAN' | 'SSCAN',
  { kind, fullKey }: Head,
): AsyncGenerator<string[]> {
  const step = textsPerPart[kind];
  const seen = new Set<string>();
  let cursor = '0';
  do {
    const reply = await redis.sendCommand([command, fullKey, cursor, 'COUNT', pageParts]);
    if (!Array.isArray(reply)) throw new Error(`Redis did not answer ${command} with a list`);
    cursor = String(reply[0]);
    const all = textsOf(reply[1]);
    const fresh: string[] = [];
    for (let at = 0; at < all.length; at += step) {
      const part = all.slice(at, at + step);
      const name = part[0] ?? '';
      if (seen.has(name)) continue;
      seen.add(name);
      fresh.push(...part);
    }
    if (fresh.length > 0) yield fresh;
  } while (cursor !== '0');
}

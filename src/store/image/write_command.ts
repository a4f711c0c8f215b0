/** The command that writes a chunk; it adds to what earlier chunks of the key have written. */
import type { Kind } from '../embedded/entry.ts';
import type { ImageChunk } from './chunk.ts';

const commands: Readonly<Record<Kind, string>> = {
  string: 'SET',
  hash: 'HSET',
  set: 'SADD',
  zset: 'ZADD',
  list: 'RPUSH',
};

/** Name and arguments, without the key. */
export function writeCommand({ kind, texts }: ImageChunk): [name: string, ...args: string[]] {
  if (kind !== 'zset') return [commands[kind], ...texts];
  const swapped = texts.map((_, at) => texts[at % 2 === 0 ? at + 1 : at - 1] ?? '');
  return [commands.zset, ...swapped];
}

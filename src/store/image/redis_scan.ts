/** The names of all keys under a prefix. */
import { type RedisCommands, textsOf } from './redis_commands.ts';

const scanCount = '1000';

/** Yields pages of names without the prefix, each name once. Names of the whole prefix stay in memory meanwhile. */
export async function* scanKeys(redis: RedisCommands, prefix: string): AsyncGenerator<string[]> {
  // SCAN may name a key twice when Redis resizes its table meanwhile.
  const seen = new Set<string>();
  let cursor = '0';
  do {
    const reply = await redis.sendCommand([
      'SCAN',
      cursor,
      'MATCH',
      `${prefix}:*`,
      'COUNT',
      scanCount,
    ]);
    if (!Array.isArray(reply)) throw new Error('Redis did not answer SCAN with a list');
    cursor = String(reply[0]);
    const page = textsOf(reply[1]).filter((name) => !seen.has(name));
    for (const name of page) seen.add(name);
    if (page.length > 0) yield [...new Set(page)].map((name) => name.slice(prefix.length + 1));
  } while (cursor !== '0');
}

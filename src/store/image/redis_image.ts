/** The image of one prefix in a Redis or Valkey. */
import type { Clock } from '../../lib/clock.ts';
import { loadScripts } from '../scripts.ts';
import type { Reply } from '../store.ts';
import { type ImageChunk, isEphemeral } from './chunk.ts';
import type { ImageSource, ImageTarget } from './move.ts';
import { type RedisCommands, sendAll } from './redis_commands.ts';
import { chunksOfKeys } from './redis_reader.ts';
import { scanKeys } from './redis_scan.ts';
import { refuseLiveServers } from './redis_servers.ts';
import { writeCommand } from './write_command.ts';

/**
 * `<prefix>:migrating` is there while keys are moved in and stays when that was interrupted: no server may start on
 * what is not complete.
 */
const markName = 'migrating';

/** What one round trip carries at most. */
const batchCommandsMax = 400;
const batchCharsMax = 4 * 1024 * 1024;
const rebuildItems = 500;

/** Throws when keys under the prefix were only moved in part. A server asks this before anything else. */
export async function refuseIncomplete(redis: RedisCommands, prefix: string): Promise<void> {
  const mark = await readMark(redis, prefix);
  if (mark === null) return;
  throw new Error(
    `the keys of ${prefix} in this Redis are incomplete: 'inngest migrate' is still at work (since ${String(mark)}) or was interrupted; let it finish, or run it again with --force`,
  );
}

function readMark(redis: RedisCommands, prefix: string): Promise<Reply> {
  return redis.sendCommand(['GET', `${prefix}:${markName}`]);
}

export interface RedisPlace {
  readonly redis: RedisCommands;
  /** With its braces, for example `{inngest}`. */
  readonly prefix: string;
  readonly clock: Clock;
}

export interface RedisDestination extends RedisPlace {
  /** Whether keys that are there already may be deleted. */
  readonly isForced: boolean;
}

/** Throws when a server works on it, when it is incomplete or when there is nothing. */
export async function openRedisSource(place: RedisPlace): Promise<ImageSource> {
  const { redis, prefix } = place;
  await refuseIncomplete(redis, prefix);
  await refuseLiveServers(place);
  if (await isEmpty(redis, prefix)) {
    throw new Error(
      `no keys begin with ${prefix} there: name the source's prefix with --from-prefix`,
    );
  }
  return {
    keyCount: null,
    chunks: () => chunksOfPrefix(redis, prefix),
    isMarked: async () => (await readMark(redis, prefix)) !== null,
    checkStill: () => refuseLiveServers(place),
  };
}

/** Throws when a server works on it, or when there are keys and those may not be deleted. */
export async function openRedisTarget(place: RedisDestination): Promise<ImageTarget> {
  const { redis, prefix, clock, isForced } = place;
  await refuseLiveServers(place);
  if (!isForced) await refuseKeys(redis, prefix);
  const mark = `${prefix}:${markName}`;
  const writer = new PipelinedWriter(redis, prefix);
  return {
    leftBehind:
      'the destination is marked as incomplete and no server starts on it: run the command again with --force',
    async begin() {
      const since = new Date(clock.now()).toISOString();
      await redis.sendCommand(['SET', mark, since]);
    },
    async withdraw() {
      await redis.sendCommand(['DEL', mark]);
    },
    async clear() {
      for await (const names of scanKeys(redis, prefix)) await deleteKeys(redis, prefix, names);
    },
    write: (chunk) => writer.write(chunk),
    flush: () => writer.flush(),
    readBack: () => chunksOfPrefix(redis, prefix),
    async finish() {
      await rebuildIndexes(redis, prefix);
      await redis.sendCommand(['DEL', mark]);
    },
  };
}

async function isEmpty(redis: RedisCommands, prefix: string): Promise<boolean> {
  for await (const names of scanKeys(redis, prefix)) {
    if (names.some((name) => !isEphemeral(name))) return false;
  }
  return true;
}

async function refuseKeys(redis: RedisCommands, prefix: string): Promise<void> {
  let count = 0;
  for await (const names of scanKeys(redis, prefix)) count += names.length;
  if (count === 0) return;
  throw new Error(
    `the destination already holds ${count} keys that begin with ${prefix}: choose another --to-prefix, or delete exactly those keys with --force`,
  );
}

async function deleteKeys(
  redis: RedisCommands,
  prefix: string,
  names: readonly string[],
): Promise<void> {
  const doomed = names.filter((name) => name !== markName).map((name) => `${prefix}:${name}`);
  if (doomed.length > 0) await redis.sendCommand(['UNLINK', ...doomed]);
}

async function* chunksOfPrefix(redis: RedisCommands, prefix: string): AsyncGenerator<ImageChunk> {
  for await (const names of scanKeys(redis, prefix)) {
    const moved = names.filter((name) => !isEphemeral(name) && name !== markName);
    yield* chunksOfKeys(redis, prefix, moved);
  }
}

/** Gathers commands until a round trip is worth it. */
class PipelinedWriter {
  readonly #redis: RedisCommands;
  readonly #prefix: string;
  #commands: string[][] = [];
  #chars = 0;

  constructor(redis: RedisCommands, prefix: string) {
    this.#redis = redis;
    this.#prefix = prefix;
  }

  async write(chunk: ImageChunk): Promise<void> {
    const [command, ...args] = writeCommand(chunk);
    const key = `${this.#prefix}:${chunk.key}`;
    this.#commands.push([command, key, ...args]);
    if (chunk.expiresAtMs !== 0) {
      this.#commands.push(['PEXPIREAT', key, String(chunk.expiresAtMs)]);
    }
    for (const text of chunk.texts) this.#chars += text.length;
    if (this.#commands.length >= batchCommandsMax || this.#chars >= batchCharsMax) {
      await this.flush();
    }
  }

  async flush(): Promise<void> {
    const commands = this.#commands;
    this.#commands = [];
    this.#chars = 0;
    await sendAll(this.#redis, commands);
  }
}

/** Fills the queue's indexes from its items, as the embedded engine does at each start. */
async function rebuildIndexes(redis: RedisCommands, prefix: string): Promise<void> {
  const script = loadScripts().get('queue_rebuild');
  if (script === undefined) throw new Error('this build lacks the script queue_rebuild');
  const itemHead = 'item:';
  for await (const names of scanKeys(redis, prefix)) {
    const ids = names
      .filter((name) => name.startsWith(itemHead))
      .map((name) => name.slice(itemHead.length));
    for (let at = 0; at < ids.length; at += rebuildItems) {
      const batch = ids.slice(at, at + rebuildItems);
      await redis.sendCommand(['EVAL', script, '1', prefix, String(batch.length), ...batch]);
    }
  }
}

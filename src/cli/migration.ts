/** Opens both places of a migration, moves the image and lets go of them, whatever happens. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import { DirectoryTarget, openDirectorySource } from '../store/image/directory_image.ts';
import {
  type ImageSource,
  type ImageTarget,
  type Moved,
  type MoveOptions,
  moveImage,
} from '../store/image/move.ts';
import { openRedisSource, openRedisTarget } from '../store/image/redis_image.ts';
import { copyDatabase } from '../store/image/snapshot.ts';
import { openStaging, type Staging } from '../store/image/staging.ts';
import { connectRedis } from '../store/redis/redis_access.ts';
import type { RedisConnection } from '../store/redis/redis_connection.ts';
import { reasonText } from '../store/redis/redis_fault.ts';
import { redactRedisUri } from '../store/redis/redis_uri.ts';

export type Place =
  | { readonly kind: 'directory'; readonly dataDir: string }
  /** The prefix has its braces. */
  | { readonly kind: 'redis'; readonly uri: string; readonly prefix: string };

export interface MigrateOptions extends MoveOptions {
  readonly from: Place;
  readonly to: Place;
  /** Where servers on Redis kept their history; null when it was not said. */
  readonly historyDir: string | null;
  readonly isForced: boolean;
}

export interface Migrated extends Moved {
  /** Where history was copied from, or null when it was not. */
  readonly history: string | null;
  /** Where the database that was in the way is now, or null. */
  readonly replaced: string | null;
}

/** Throws when either place is in use, the destination is not empty or what came out is not what went in. */
export async function migrate(options: MigrateOptions): Promise<Migrated> {
  const closing: (() => void)[] = [];
  try {
    const source = await openSource(options, closing);
    if (options.to.kind === 'directory') {
      return await moveToDirectory(options, source, options.to.dataDir, closing);
    }
    const target = await openRedis(options, options.to, closing, openRedisTarget);
    const moved = await moveImage(source, target, options);
    return { ...moved, history: null, replaced: null };
  } finally {
    for (const close of closing.reverse()) close();
  }
}

async function openSource(options: MigrateOptions, closing: (() => void)[]): Promise<ImageSource> {
  const { from, clock } = options;
  if (from.kind === 'redis') return openRedis(options, from, closing, openRedisSource);
  const source = openDirectorySource(from.dataDir, clock);
  closing.push(() => source.close());
  return source;
}

type OpenRedis<T> = (place: {
  readonly redis: RedisConnection;
  readonly prefix: string;
  readonly clock: Clock;
  readonly isForced: boolean;
}) => Promise<T>;

async function openRedis<T extends ImageSource | ImageTarget>(
  { clock, isForced }: MigrateOptions,
  { uri, prefix }: Extract<Place, { kind: 'redis' }>,
  closing: (() => void)[],
  open: OpenRedis<T>,
): Promise<T> {
  const redis = await connectRedis(uri, clock)
    .masterOf(prefix)
    .catch((cause: unknown) => {
      throw new Error(`cannot reach ${redactRedisUri(uri)}: ${reasonText(cause)}`, { cause });
    });
  closing.push(() => redis.close());
  return open({ redis, prefix, clock, isForced });
}

async function moveToDirectory(
  options: MigrateOptions,
  source: ImageSource,
  dataDir: string,
  closing: (() => void)[],
): Promise<Migrated> {
  const { clock, isForced } = options;
  const nowMs = clock.now();
  const staging = openStaging(dataDir, { refused: ['store.db'], isForced, nowMs });
  closing.push(() => staging.close());
  const history = await copyHistory(options, staging, dataDir);
  const target = new DirectoryTarget(staging, clock);
  try {
    const moved = await moveImage(source, target, options);
    return { ...moved, history, replaced: target.replaced };
  } catch (error) {
    // What closing has to say is a consequence of this.
    await target.close().catch(() => {});
    throw error;
  }
}

/** Returns where it was copied from. A directory that has a history keeps it. */
async function copyHistory(
  { historyDir, signal }: MigrateOptions,
  { folder }: Staging,
  dataDir: string,
): Promise<string | null> {
  if (historyDir === null || historyDir === dataDir) return null;
  if (existsSync(join(dataDir, 'history.db'))) return null;
  const from = join(historyDir, 'history.db');
  if (!existsSync(from)) {
    throw new Error(`${historyDir} holds no history.db: name another folder with --data-dir`);
  }
  await copyDatabase(from, join(folder, 'history.db'), { signal, onProgress: () => {} });
  return historyDir;
}

/** Opens both places of a migration, moves the image and lets go of them, whatever happens. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { databaseNames } from '../store/image/database_files.ts';
import { DirectoryTarget, openDirectorySource } from '../store/image/directory_image.ts';
import { type ImageSource, type Moved, type MoveOptions, moveImage } from '../store/image/move.ts';
import { openRedisSource, openRedisTarget, type RedisPlace } from '../store/image/redis_image.ts';
import { copyDatabase } from '../store/image/snapshot.ts';
import { type Installed, openStaging, type Staging } from '../store/image/staging.ts';
import { connectRedis } from '../store/redis/redis_access.ts';
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

export interface Migrated extends Moved, Installed {
  /** Where history was copied from, or null when it was not. */
  readonly history: string | null;
}

/** Throws when either place is in use, the destination is not empty or what came out is not what went in. */
export async function migrate(options: MigrateOptions): Promise<Migrated> {
  const closing: (() => void)[] = [];
  try {
    const source = await openSource(options, closing);
    if (options.to.kind === 'directory') {
      return await moveToDirectory(options, source, options.to.dataDir, closing);
    }
    const place = await connect(options, options.to, closing);
    const target = await openRedisTarget({ ...place, isForced: options.isForced });
    const moved = await moveImage(source, target, options);
    return { ...moved, history: null, replaced: null, ownerAdvice: null };
  } finally {
    for (const close of closing.reverse()) close();
  }
}

async function openSource(options: MigrateOptions, closing: (() => void)[]): Promise<ImageSource> {
  const { from, clock } = options;
  if (from.kind === 'redis') return openRedisSource(await connect(options, from, closing));
  const source = openDirectorySource(from.dataDir, clock);
  closing.push(() => source.close());
  return source;
}

async function connect(
  { clock }: MigrateOptions,
  { uri, prefix }: Extract<Place, { kind: 'redis' }>,
  closing: (() => void)[],
): Promise<RedisPlace> {
  const redis = await connectRedis(uri, clock)
    .masterOf(prefix)
    .catch((cause: unknown) => {
      throw new Error(`cannot reach ${redactRedisUri(uri)}: ${reasonText(cause)}`, { cause });
    });
  closing.push(() => redis.close());
  return { redis, prefix, clock };
}

async function moveToDirectory(
  options: MigrateOptions,
  source: ImageSource,
  dataDir: string,
  closing: (() => void)[],
): Promise<Migrated> {
  const { clock, isForced } = options;
  const history = historyToCopy(options, dataDir);
  const refused = history === null ? (['store.db'] as const) : databaseNames;
  const staging = openStaging(dataDir, { refused, isForced, nowMs: clock.now() });
  closing.push(() => staging.close());
  if (history !== null) await copyHistory(options, history, staging);
  const target = new DirectoryTarget(dataDir, staging, clock);
  try {
    const moved = await moveImage(source, target, options);
    return { ...moved, history, ...target.installed };
  } catch (error) {
    // What closing has to say is a consequence of this.
    await target.close().catch(() => {});
    throw error;
  }
}

/** The folder it is in, or null: a directory that has a history keeps it. */
function historyToCopy({ historyDir }: MigrateOptions, dataDir: string): string | null {
  if (historyDir === null || historyDir === dataDir) return null;
  if (existsSync(join(dataDir, 'history.db'))) return null;
  if (existsSync(join(historyDir, 'history.db'))) return historyDir;
  throw new Error(`${historyDir} holds no history.db: name another folder with --data-dir`);
}

async function copyHistory(
  { signal }: MigrateOptions,
  historyDir: string,
  { folder }: Staging,
): Promise<void> {
  const from = join(historyDir, 'history.db');
  await copyDatabase(from, join(folder, 'history.db'), { signal, onProgress: () => {} });
}

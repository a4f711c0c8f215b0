/** `inngest backup`: the databases of a directory, copied while a server uses them, checked, in one file. */
import { Database } from 'bun:sqlite';
import { existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Clock } from '../../lib/clock.ts';
import { DamagedDatabaseError } from '../embedded/damage.ts';
import { lockDirectory } from '../embedded/directory_lock.ts';
import { checkWriteAheadLog } from '../embedded/write_ahead_log.ts';
import { type Backup, openBackup, writeBackup } from './backup_file.ts';
import { readStoreFile } from './directory_image.ts';
import { syncDirectory, syncFile } from './file_sync.ts';
import { copyDatabase } from './snapshot.ts';
import type { DatabaseName } from './staging.ts';

export type BackupPhase = 'copying' | 'packing' | 'verifying';

export interface WorkOptions<Phase> {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onProgress: (phase: Phase, bytes: number, bytesMax: number) => void;
}

export interface BackupOptions extends WorkOptions<BackupPhase> {
  readonly dataDir: string;
  readonly file: string;
  readonly version: string;
  /** Whether a file of that name may be replaced. */
  readonly isForced: boolean;
}

/** Throws when there is nothing to back up, it is damaged, or the file cannot be written; the file then is as before. */
export async function backUp(options: BackupOptions): Promise<Backup> {
  const file = resolve(options.file);
  checkPlaces(options, file);
  const names = (['store.db', 'history.db'] as const).filter((name) =>
    existsSync(join(options.dataDir, name)),
  );
  const partial = `${file}.partial`;
  const images = names.map((name) => ({
    name,
    path: `${partial}-${name}`,
    shownAs: join(options.dataDir, name),
  }));
  const leftovers = [partial, ...images.map(({ path }) => path)];
  try {
    // Left over from an attempt that was interrupted.
    leftovers.forEach(removeDatabase);
    checkLog(options.dataDir);
    const takenAt = new Date(options.clock.now()).toISOString();
    // The store first: history may be newer, because its facts can be recorded twice without harm.
    for (const { name, path } of images) await copyImage(options, name, path);
    const keys = checkImages(images, options.clock);
    const bytesMax = images.reduce((sum, { path }) => sum + statSync(path).size, 0);
    const head = { takenAt, version: options.version, keys };
    await writeBackup(partial, head, images, byteProgress(options, 'packing', bytesMax));
    syncFile(partial);
    const backup = await verifyBackup(partial, byteProgress(options, 'verifying', bytesMax));
    renameSync(partial, file);
    syncDirectory(dirname(file));
    return backup;
  } finally {
    leftovers.forEach(removeDatabase);
  }
}

function checkPlaces({ dataDir, isForced }: BackupOptions, file: string): void {
  if (!existsSync(join(dataDir, 'store.db'))) {
    throw new Error(
      `${dataDir} holds no database: name the data directory of a server with --data-dir`,
    );
  }
  if (!existsSync(dirname(file))) {
    throw new Error(`there is no folder ${dirname(file)}: make it, or choose another place`);
  }
  if (!existsSync(file)) return;
  if (!statSync(file).isFile()) throw new Error(`${file} is a folder: name a file in it`);
  if (!isForced) {
    throw new Error(`${file} exists already: choose another name, or replace it with --force`);
  }
}

async function copyImage(
  { dataDir, signal, onProgress }: BackupOptions,
  name: DatabaseName,
  path: string,
): Promise<void> {
  await copyDatabase(join(dataDir, name), path, {
    signal,
    onProgress: (bytes, bytesMax) => onProgress('copying', bytes, bytesMax),
  });
}

/**
 * SQLite would take a log that is broken in the middle for a shorter one. While a server writes to it, it cannot be
 * judged from outside; then the rows are, when the copy is read.
 */
function checkLog(dataDir: string): void {
  const path = join(dataDir, 'store.db');
  try {
    checkWriteAheadLog(path);
  } catch (error) {
    if (!(error instanceof DamagedDatabaseError)) throw error;
    if (!isInUse(dataDir)) checkWriteAheadLog(path);
  }
}

function isInUse(dataDir: string): boolean {
  try {
    lockDirectory(dataDir).release();
    return false;
  } catch {
    return true;
  }
}

export interface Image {
  readonly name: DatabaseName;
  readonly path: string;
  /** What the user knows it as. */
  readonly shownAs: string;
}

/** Returns how many keys the store has. Throws when an image is damaged. */
export function checkImages(images: readonly Image[], clock: Clock): number {
  let keys = 0;
  for (const image of images) {
    if (image.name === 'history.db') checkHistory(image);
    else keys = checkStore(image, clock);
  }
  return keys;
}

function checkStore({ path, shownAs }: Image, clock: Clock): number {
  try {
    const space = readStoreFile(path, clock);
    const keys = space.size;
    space.close();
    return keys;
  } catch (error) {
    if (!(error instanceof DamagedDatabaseError)) throw error;
    throw new Error(error.message.replaceAll(path, shownAs), { cause: error });
  }
}

function checkHistory({ path, shownAs }: Image): void {
  const db = new Database(path, { readonly: true });
  try {
    const row = db.query<{ quick_check: string }, []>('PRAGMA quick_check(1)').get();
    if (row?.quick_check === 'ok') return;
    throw new Error(
      `${shownAs} is damaged: SQLite says "${row?.quick_check}". Stop the server and restore a backup, or move the file away to begin a new history`,
    );
  } finally {
    db.close();
  }
}

async function verifyBackup(
  path: string,
  progress: ReturnType<typeof byteProgress>,
): Promise<Backup> {
  const backup = openBackup(path);
  try {
    for (const image of backup.images) await backup.extract(image, null, progress);
    const { takenAt, version, keys, images } = backup;
    return { takenAt, version, keys, images };
  } finally {
    backup.close();
  }
}

/** Adds up bytes for whoever shows progress. */
export function byteProgress<Phase>(
  { signal, onProgress }: WorkOptions<Phase>,
  phase: Phase,
  bytesMax: number,
) {
  let done = 0;
  return {
    signal,
    onBytes: (bytes: number) => {
      done += bytes;
      onProgress(phase, done, bytesMax);
    },
  };
}

function removeDatabase(path: string): void {
  for (const side of ['', '-wal', '-shm', '-journal']) rmSync(path + side, { force: true });
}

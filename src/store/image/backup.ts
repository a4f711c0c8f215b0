/** `inngest backup`: the databases of a directory, copied while a server uses them, checked, in one file. */
import { Database } from 'bun:sqlite';
import {
  existsSync,
  linkSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Clock } from '../../lib/clock.ts';
import { codeOf } from '../embedded/commit_error.ts';
import { DamagedDatabaseError } from '../embedded/damage.ts';
import { databasePath } from '../embedded/database.ts';
import { isComplete } from '../embedded/renewal.ts';
import { syncDirectory, syncFile } from '../file_sync.ts';
import { type Backup, openBackup, writeBackup } from './backup_file.ts';
import { type DatabaseName, databaseNames, filesIn, filesOf } from './database_files.ts';
import { readStoreFile } from './directory_image.ts';
import { checkLog } from './log_check.ts';
import { copyDatabase } from './snapshot.ts';
import { refuseUnfinishedUnlocked } from './staging.ts';

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
  /** Whether the store is left out: servers on Redis have none. */
  readonly isHistoryOnly?: boolean;
}

/** Throws when there is nothing to back up, it is damaged, or the file cannot be written; the file then is as before. */
export async function backUp(options: BackupOptions): Promise<Backup> {
  const { dataDir, isForced, clock } = options;
  const file = resolve(options.file);
  const found = findDatabases(options);
  checkPlace(options, file);
  // A name that nobody else has: another backup to the same file may be under way.
  const workshop = mkdtempSync(`${file}.partial-`);
  try {
    const images = found.map((database) => ({ ...database, path: join(workshop, database.name) }));
    if (images.some(({ shownAs }) => shownAs === databasePath(dataDir))) checkLog(dataDir);
    const takenAt = new Date(clock.now()).toISOString();
    // The store first: history may be newer, because its facts can be recorded twice without harm.
    for (const { shownAs, path } of images) await copyImage(options, shownAs, path);
    const keys = checkImages(images, clock);
    const bytesMax = images.reduce((sum, { path }) => sum + statSync(path).size, 0);
    const head = { takenAt, version: options.version, keys };
    const packed = join(workshop, 'backup');
    await writeBackup(packed, head, images, byteProgress(options, 'packing', bytesMax));
    syncFile(packed);
    const backup = await verifyBackup(packed, byteProgress(options, 'verifying', bytesMax));
    if (isForced) renameSync(packed, file);
    else moveToFree(packed, file);
    syncDirectory(dirname(file));
    return backup;
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
}

function checkPlace({ dataDir, isForced }: BackupOptions, file: string): void {
  if (!existsSync(dirname(file))) {
    throw new Error(`there is no folder ${dirname(file)}: make it, or choose another place`);
  }
  if (isDatabaseOf(dataDir, file)) {
    throw new Error(`${file} is what a server works with: choose another name`);
  }
  if (!existsSync(file)) return;
  if (!statSync(file).isFile()) throw new Error(`${file} is a folder: name a file in it`);
  if (!isForced) throw existing(file);
}

function existing(file: string): Error {
  return new Error(`${file} exists already: choose another name, or replace it with --force`);
}

/** The file system may take names that differ in case only for the same. */
function isDatabaseOf(dataDir: string, file: string): boolean {
  if (realpathSync(dirname(file)) !== realpathSync(dataDir)) return false;
  const own = [...databaseNames.flatMap(filesOf), 'store.lock'];
  return own.includes(basename(file).toLowerCase());
}

/** Unlike renaming, this does not replace what another backup has put there meanwhile. */
function moveToFree(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST' || existsSync(to)) throw existing(to);
    // Not every file system has links.
    renameSync(from, to);
  }
}

interface FoundDatabase {
  readonly name: DatabaseName;
  /** Where it is. */
  readonly shownAs: string;
}

/** In the order in which they are copied. Throws when what is asked for is not there. */
function findDatabases({ dataDir, isHistoryOnly }: BackupOptions): FoundDatabase[] {
  refuseUnfinishedUnlocked(dataDir);
  const found = filesIn(dataDir, databaseNames);
  const history: FoundDatabase[] = found.includes('history.db')
    ? [{ name: 'history.db', shownAs: join(dataDir, 'history.db') }]
    : [];
  if (isHistoryOnly) {
    if (history.length > 0) return history;
    throw new Error(`${dataDir} holds no history.db: name the --data-dir of a server`);
  }
  const store = storeAmong(dataDir, found);
  if (store !== null) return [{ name: 'store.db', shownAs: join(dataDir, store) }, ...history];
  throw new Error(`${dataDir} holds no database${withoutStore(found)}`);
}

/** What to do where there is no store, as the rest of a sentence. */
function withoutStore(found: readonly string[]): string {
  const rests = found.filter((file) => file.startsWith('store.db'));
  if (rests.length > 0) return `, but ${rests.join(' and ')}: put store.db back beside it`;
  return found.includes('history.db')
    ? ' but the history, as that of servers on Redis: it is backed up alone with --history-only'
    : ': name the data directory of a server with --data-dir';
}

/**
 * A server that wrote its database anew was killed before it could put that in its place: the next one that starts
 * does, and until then it is read where it is.
 */
function storeAmong(dataDir: string, found: readonly string[]): string | null {
  const renewed = 'store.db.new';
  if (isComplete(join(dataDir, renewed))) return renewed;
  if (found.includes('store.db')) return 'store.db';
  if (!found.includes(renewed)) return null;
  throw new Error(
    `the database in ${dataDir} is being written anew or that was interrupted: run the command again once a server runs on it`,
  );
}

async function copyImage(
  { signal, onProgress }: BackupOptions,
  from: string,
  to: string,
): Promise<void> {
  await copyDatabase(from, to, {
    signal,
    onProgress: (bytes, bytesMax) => onProgress('copying', bytes, bytesMax),
  });
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

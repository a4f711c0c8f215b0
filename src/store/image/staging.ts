/**
 * Puts databases into a data directory at once: they are made in a folder inside it, which is on the same disk, and
 * moved to their places when they are complete. What was there is moved aside, never deleted.
 */
import { Database } from 'bun:sqlite';
import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, takenCode } from '../embedded/commit_error.ts';
import { type DirectoryLock, lockDirectory } from '../embedded/directory_lock.ts';
import { syncFile } from '../file_sync.ts';
import { type DatabaseName, databaseNames, filesIn, sideSuffixes } from './database_files.ts';
import {
  beginInstallation,
  finishInstallation,
  hasInstallation,
  type StepHook,
} from './installation.ts';
import { makeOwned, type Ownership } from './ownership.ts';

const stagingName = '.incoming';

export interface StagingOptions {
  /** A directory that holds one of these, or a part of it, is refused. */
  readonly refused: readonly DatabaseName[];
  /** What is refused otherwise is moved aside. */
  readonly isForced: boolean;
  readonly nowMs: number;
  readonly step?: StepHook;
}

export interface Installed {
  /** Where the databases that were there before are now, or null when there were none. */
  readonly replaced: string | null;
  /** What to do so that the server's user can use the files, or null. */
  readonly ownerAdvice: string | null;
}

export interface Staging {
  /** Where the new databases are to be made. */
  readonly folder: string;
  /** Moves them to their places. They must have been closed. */
  install(): Installed;
  /** Forgets what was not installed and lets the directory go. */
  close(): void;
}

/**
 * Throws when databases were being put into the directory and that did not come to its end. A server that keeps
 * anything there, and be it history only, asks this before it opens any of it: what it would find may be half of it.
 * Where only files have to be moved to their places, that is done here, unless another process holds the lock.
 */
export function refuseUnfinished(dataDir: string): void {
  if (hasInstallation(dataDir)) finishAlone(dataDir);
  if (existsSync(join(dataDir, stagingName))) throw unfinished(dataDir);
}

/** As `refuseUnfinished`, but without a lock that could be in the way of a server which is just starting. */
export function refuseUnfinishedUnlocked(dataDir: string): void {
  if (hasInstallation(dataDir)) {
    throw new Error(
      `databases are being put into ${dataDir} or that was interrupted: let it finish, or start a server on it, which ends it`,
    );
  }
  refuseUnfinished(dataDir);
}

function finishAlone(dataDir: string): void {
  let lock: DirectoryLock;
  try {
    lock = lockDirectory(dataDir);
  } catch (error) {
    throw codeOf(error) === takenCode ? unfinished(dataDir) : error;
  }
  try {
    finishInstallation(dataDir);
  } finally {
    lock.release();
  }
}

function unfinished(dataDir: string): Error {
  return new Error(
    `${dataDir} is incomplete: 'inngest restore' or 'inngest migrate' is still at work on it or was interrupted; let it finish, or run it again with --force. To go on with what was there before, delete ${join(dataDir, stagingName)}`,
  );
}

function finished(dataDir: string): Error {
  return new Error(
    `an earlier 'inngest restore' or 'inngest migrate' into ${dataDir} had been interrupted just before its end and was completed now. If that is what you want there, nothing is left to do; if not, run the command again with --force`,
  );
}

/** Locks the directory. Throws when a server uses it or it holds a database already. */
export function openStaging(dataDir: string, options: StagingOptions): Staging {
  const wasInterrupted = hasInstallation(dataDir);
  // Checked first: a directory that is refused is not touched.
  if (!wasInterrupted) checkVacant(dataDir, options);
  const ownership = makeOwned(dataDir);
  const lock = lockDirectory(dataDir);
  const folder = join(dataDir, stagingName);
  try {
    // The second is there for as long as the lock is held.
    ownership.give(...[lock.path, `${lock.path}-journal`].filter((path) => existsSync(path)));
    finishInstallation(dataDir);
    if (wasInterrupted && !options.isForced) throw finished(dataDir);
    checkVacant(dataDir, options);
    // Left over from an attempt that was interrupted; the name is ours.
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { mode: 0o750 });
  } catch (error) {
    lock.release();
    throw error;
  }
  return {
    folder,
    install: () => install(dataDir, folder, ownership, options),
    close: () => {
      rmSync(folder, { recursive: true, force: true });
      lock.release();
    },
  };
}

function checkVacant(dataDir: string, { refused, isForced }: StagingOptions): void {
  if (isForced) return;
  const found = filesIn(dataDir, refused);
  const mains = refused.filter((name) => found.includes(name));
  if (found.length === 0) return;
  // A file beside a database that is named needs no mention.
  const orphans = found.filter((file) => !mains.some((name) => file.startsWith(name)));
  throw new Error(
    `${dataDir} already holds ${[...mains, ...orphans].join(' and ')}: choose another directory, or move what is there aside with --force`,
  );
}

function install(
  dataDir: string,
  folder: string,
  ownership: Ownership,
  { refused, isForced, nowMs, step = () => {} }: StagingOptions,
): Installed {
  const databases = databaseNames.filter((name) => existsSync(join(folder, name)));
  for (const name of databases) seal(join(folder, name));
  ownership.give(folder, ...databases.map((name) => join(folder, name)));
  // Once more: somebody may have put something there meanwhile.
  checkVacant(dataDir, { refused, isForced, nowMs });
  const aside = filesIn(dataDir, refused);
  const time = new Date(nowMs).toISOString().replaceAll(/[:.]/g, '-');
  const replaced = aside.length === 0 ? null : `replaced-${time}`;
  beginInstallation(dataDir, folder, { databases, replaced, aside }, step);
  finishInstallation(dataDir, step);
  return {
    replaced: replaced === null ? null : join(dataDir, replaced),
    ownerAdvice: ownership.advice(),
  };
}

/** Everything is in the one file and on disk when this returns: a single rename puts it in place. */
function seal(path: string): void {
  if (sizeOf(`${path}-wal`) > 0) foldLog(path);
  for (const suffix of ['-wal', '-journal']) {
    if (sizeOf(path + suffix) > 0) throw new Error(`${path} was not closed: ${suffix} is left`);
  }
  for (const suffix of sideSuffixes) rmSync(path + suffix, { force: true });
  syncFile(path);
}

function foldLog(path: string): void {
  const db = new Database(path, { create: false, readwrite: true });
  try {
    db.run('PRAGMA wal_checkpoint(TRUNCATE)');
  } finally {
    db.close();
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

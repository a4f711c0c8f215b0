/**
 * Puts databases into a data directory at once: they are made in a folder inside it, which is on the same disk, and
 * moved to their places when they are complete. What was there is moved aside, never deleted.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { lockDirectory } from '../embedded/directory_lock.ts';
import { syncDirectory, syncFile } from './file_sync.ts';

/** In this order: a directory with a store has its history, too. */
export const databaseNames = ['history.db', 'store.db'] as const;
export type DatabaseName = (typeof databaseNames)[number];

/** SQLite's side files belong to the database of that name. */
const sideFiles = ['', '-wal', '-shm', '-journal'] as const;
const stagingName = '.incoming';

export interface StagingOptions {
  /** A directory that holds one of these is refused. */
  readonly refused: readonly DatabaseName[];
  /** What is refused otherwise is moved aside. */
  readonly isForced: boolean;
  readonly nowMs: number;
}

export interface Staging {
  /** Where the new databases are to be made. */
  readonly folder: string;
  /** Moves them to their places. Returns where the old ones are now, or null when there were none. */
  install(): string | null;
  /** Forgets what was not installed and lets the directory go. */
  close(): void;
}

/**
 * Throws when databases were being put into the directory and that did not come to its end. A server that keeps its work
 * there asks this before it opens anything: what it would find may be half of it.
 */
export function refuseUnfinished(dataDir: string): void {
  if (!existsSync(join(dataDir, stagingName))) return;
  throw new Error(
    `${dataDir} is incomplete: 'inngest restore' or 'inngest migrate' is still at work on it or was interrupted; let it finish, or run it again with --force`,
  );
}

/** Locks the directory. Throws when a server uses it or it holds a database already. */
export function openStaging(dataDir: string, options: StagingOptions): Staging {
  // Checked first: a directory that is refused is not touched.
  checkVacant(dataDir, options);
  mkdirSync(dataDir, { recursive: true, mode: 0o750 });
  const lock = lockDirectory(dataDir);
  const folder = join(dataDir, stagingName);
  try {
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
    install: () => install(dataDir, folder, options),
    close: () => {
      rmSync(folder, { recursive: true, force: true });
      lock.release();
    },
  };
}

function checkVacant(dataDir: string, { refused, isForced }: StagingOptions): void {
  if (isForced) return;
  const found = refused.filter((name) => existsSync(join(dataDir, name)));
  if (found.length === 0) return;
  throw new Error(
    `${dataDir} already holds ${found.join(' and ')}: choose another directory, or move what is there aside with --force`,
  );
}

function install(
  dataDir: string,
  folder: string,
  { refused, nowMs }: StagingOptions,
): string | null {
  const names = databaseNames.filter((name) => existsSync(join(folder, name)));
  for (const name of names) syncFile(join(folder, name));
  const replaced = moveAside(dataDir, refused, nowMs);
  for (const name of names) {
    for (const side of sideFiles) {
      moveIfThere(join(folder, name + side), join(dataDir, name + side));
    }
  }
  syncDirectory(dataDir);
  return replaced;
}

function moveAside(dataDir: string, names: readonly DatabaseName[], nowMs: number): string | null {
  const files = new Set(readdirSync(dataDir));
  const old = names.filter((name) => files.has(name));
  if (old.length === 0) return null;
  const time = new Date(nowMs).toISOString().replaceAll(/[:.]/g, '-');
  const aside = join(dataDir, `replaced-${time}`);
  mkdirSync(aside, { mode: 0o750 });
  // The store goes first: what is left is never a store without its history.
  for (const name of [...old].reverse()) {
    for (const side of sideFiles) moveIfThere(join(dataDir, name + side), join(aside, name + side));
  }
  syncDirectory(aside);
  return aside;
}

function moveIfThere(from: string, to: string): void {
  if (existsSync(from)) renameSync(from, to);
}

/**
 * A whole new database in the place of what is there: written beside it, and moved to its place when it is complete. A
 * crash in between is made good at the next start, because a complete one is newer than anything else there is.
 */
import { Database } from 'bun:sqlite';
import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { syncDirectory } from '../file_sync.ts';
import { DamagedDatabaseError, refusingDamage } from './damage.ts';
import { markClean } from './database.ts';
import { migrate } from './migrations.ts';
import { createPrivately } from './private_file.ts';
import type { Operand } from './row_ops.ts';
import { batchWriter } from './row_writer.ts';

/** Of what was found in the place of a new database, so many are kept. */
const asidesMax = 3;

const journalSuffix = '-journal';
const sideSuffixes = ['', '-wal', '-shm'] as const;

function newPathOf(path: string): string {
  return `${path}.new`;
}

/** One transaction in one file: it is complete once its journal is gone. */
export function writeNew(path: string, ops: readonly Operand[]): void {
  const newPath = newPathOf(path);
  dropNew(path);
  createPrivately(newPath);
  const db = new Database(newPath, { readwrite: true });
  try {
    db.run('PRAGMA journal_mode = DELETE');
    db.run('PRAGMA synchronous = EXTRA');
    const write = (): void => {
      migrate(db, 0);
      batchWriter(db)(ops);
      markClean(db, false);
    };
    db.transaction(write).immediate();
  } finally {
    db.close();
  }
}

/** The file first: a journal without it is nothing, but it without its journal would look complete. */
export function dropNew(path: string): void {
  const newPath = newPathOf(path);
  for (const suffix of ['', journalSuffix]) rmSync(newPath + suffix, { force: true });
}

/** Puts a complete new database in its place, and what was there aside. */
export function installNew(path: string): void {
  // Before one more comes: however often this happens, they never fill the disk.
  dropAsides(path);
  const aside = `${path}.aside-${new Date().toISOString().replaceAll(/[-:.]/g, '')}`;
  for (const suffix of sideSuffixes) {
    if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
  }
  renameSync(newPathOf(path), path);
  syncDirectory(dirname(path));
}

/** Keeps the newest but for one, the place of which is needed. */
function dropAsides(path: string): void {
  const folder = dirname(path);
  const start = `${basename(path)}.aside-`;
  const names = readdirSync(folder, { withFileTypes: true })
    // A folder that somebody put there is not ours to delete.
    .filter((file) => file.isFile() && file.name.startsWith(start))
    .map(({ name }) => name);
  const stamp = (name: string): string => name.slice(start.length).split('-')[0] ?? '';
  const kept = new Set([...new Set(names.map(stamp))].sort().slice(1 - asidesMax));
  for (const name of names) if (!kept.has(stamp(name))) rmSync(join(folder, name), { force: true });
}

/**
 * Ends what a crash has left half done. Only for whoever holds the directory's lock, before anything else is opened.
 * Throws `DamagedDatabaseError` when the new database was complete and cannot be read: it may be all there is.
 */
export function finishRenewal(path: string): void {
  if (isComplete(newPathOf(path))) installNew(path);
  else dropNew(path);
}

/** Whether it, and not what is in its place, is what the next start takes. Throws as `finishRenewal` does. */
export function isComplete(newPath: string): boolean {
  const bytes = statSync(newPath, { throwIfNoEntry: false })?.size ?? 0;
  if (bytes === 0 || existsSync(newPath + journalSuffix)) return false;
  return refusingDamage(newPath, () => {
    const db = new Database(newPath, { readonly: true });
    try {
      return isWhole(db);
    } finally {
      db.close();
    }
  });
}

/** The version and the counts come with everything else, or not at all. */
function isWhole(db: Database): boolean {
  const head = db.query<{ user_version: number }, []>('PRAGMA user_version').get();
  if (!head || head.user_version === 0) return false;
  if (db.query("SELECT 1 FROM meta WHERE name = 'counts'").get() === null) return false;
  const check = db.query<{ quick_check: string }, []>('PRAGMA quick_check(1)').get();
  if (check?.quick_check === 'ok') return true;
  throw new DamagedDatabaseError(db.filename, `SQLite says "${check?.quick_check}"`);
}

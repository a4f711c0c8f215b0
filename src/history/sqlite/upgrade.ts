/**
 * Brings an older database to the newest shape before anybody uses it, and says so: it may take minutes. Each step is
 * done as a whole or not at all: whenever the server ends, the next start goes on from there.
 */
import type { Database } from 'bun:sqlite';
import { statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Note } from '../writer_message.ts';
import { migrate, migrations, readVersion } from './migrations.ts';

export interface UpgradeOptions {
  readonly path: string;
  readonly note: Note;
  /** On the disk of the file. */
  readonly freeBytes?: () => number;
}

/** The shape whose rows are all written anew, and that never gives space back. */
const firstShape = 1;
/** Of the file's size: the new rows in the file and in its log, then their copy without the gaps. */
const spaceFactor = 3.2;
/** What `PRAGMA auto_vacuum` answers for INCREMENTAL. */
export const incremental = 2;

/** Throws when there is not enough space, or the database was written by a newer server. */
export function upgrade(db: Database, options: UpgradeOptions): void {
  const { path, note, freeBytes = () => freeBytesAt(path) } = options;
  const version = readVersion(db);
  const bytesBefore = statSync(path).size;
  if (version === firstShape) checkSpace(bytesBefore, freeBytes());
  const isOlder = version > 0 && version < migrations.length;
  const startMs = performance.now();
  if (isOlder) {
    note('info', 'bringing the history database to a newer shape; this may take minutes', {
      path,
      bytes: bytesBefore,
      version,
      newVersion: migrations.length,
    });
  }
  migrate(db);
  const isGap = pragma(db, 'auto_vacuum') !== incremental;
  if (isGap) giveSpaceBack(db, options);
  if (!isOlder && !isGap) return;
  note('info', 'the history database has its newer shape', {
    path,
    bytes: statSync(path).size,
    tookMs: Math.round(performance.now() - startMs),
  });
}

/** Writes the file anew without its gaps. That it cannot be done is no reason not to start. */
function giveSpaceBack(db: Database, { path, note }: UpgradeOptions): void {
  note('info', 'giving back the space that the older shape of the history database took', { path });
  try {
    db.run('PRAGMA wal_checkpoint(TRUNCATE)');
    // The copy goes beside the file: where temporary files are, there may be too little space.
    db.run(`PRAGMA temp_store_directory = '${dirname(path).replaceAll("'", "''")}'`);
    db.run(`PRAGMA auto_vacuum = ${incremental}`);
    db.run('VACUUM');
    db.run('PRAGMA wal_checkpoint(TRUNCATE)');
  } catch (error) {
    note('warn', 'the history database keeps its gaps until the next start', {
      path,
      error: error instanceof Error ? error.message : String(error),
    });
  } finally {
    db.run(`PRAGMA temp_store_directory = ''`);
  }
}

function checkSpace(fileBytes: number, freeBytes: number): void {
  const needed = fileBytes * spaceFactor;
  if (freeBytes >= needed) return;
  throw new Error(
    `its older shape has to be written anew, which takes ${inMb(needed)} of free space, and the disk has ${inMb(freeBytes)}: make space, or move the file away to begin a new history`,
  );
}

function inMb(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`;
}

function freeBytesAt(path: string): number {
  const { bavail, bsize } = statfsSync(dirname(path));
  return bavail * bsize;
}

export function pragma(db: Database, name: string): number {
  const [row] = db.query<Record<string, number>, []>(`PRAGMA ${name}`).all();
  return row?.[name] ?? 0;
}

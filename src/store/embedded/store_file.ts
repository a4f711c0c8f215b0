/**
 * The database file as the storage thread writes it. Memory is the truth, so that a file which is not the one of the
 * directory any more is given up, and everything is written anew into its place.
 */
import { Database } from 'bun:sqlite';
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { CommitError, goneCode } from './commit_error.ts';
import { markClean, openDatabase } from './database.ts';
import { birthOf, type FileIdentity, identityOf } from './file_identity.ts';
import { migrate } from './migrations.ts';
import type { Operand } from './row_ops.ts';
import { batchWriter } from './row_writer.ts';

/** The files that this process read and locked. */
export interface StoreGround {
  readonly path: string;
  /** The database as it was when it was read (`birthOf`). */
  readonly database: FileIdentity;
  readonly lockPath: string;
  readonly lock: FileIdentity;
}

interface OpenFile {
  readonly db: Database;
  readonly database: FileIdentity;
  readonly log: FileIdentity;
  write(ops: readonly Operand[]): void;
}

export class StoreFile {
  #ground: StoreGround;
  #open: OpenFile | undefined;
  /**
   * A failed batch may have left frames in the log, which at the next crash would look like damage behind a broken one
   * (`write_ahead_log.ts`). The log is begun anew as soon as that is possible.
   */
  #isLogSoiled = false;

  constructor(ground: StoreGround) {
    this.#ground = ground;
  }

  /** All of it is on disk when this returns, in the directory's own file. */
  commit(ops: readonly Operand[]): void {
    try {
      this.#checkGround();
      // Opened at the first batch, which is when the file stops being as the last process left it.
      this.#open ??= this.#openFile();
      this.#open.write(ops);
      // Had it been deleted meanwhile, the batch would be in a file that no start ever sees.
      this.#checkGround();
    } catch (error) {
      this.#isLogSoiled = true;
      // A transaction that could not be undone would swallow the next batch.
      if (error instanceof CommitError || this.#open?.db.inTransaction) this.#abandon();
      throw error;
    }
    if (this.#isLogSoiled) this.#isLogSoiled = !beginLogAnew(this.#open.db);
  }

  /** Writes everything into a new file and returns what that is. What was in its place is set aside. */
  renew(ops: readonly Operand[], lock: FileIdentity): FileIdentity {
    this.#abandon();
    this.#ground = { ...this.#ground, lock };
    this.#checkLock();
    const { path } = this.#ground;
    writeWhole(newPathOf(path), ops);
    this.#checkLock();
    installNew(path);
    this.#ground = { ...this.#ground, database: birthOf(path) };
    return this.#ground.database;
  }

  /** Throws when the file is not the directory's any more. It is closed in any case. */
  close(): void {
    if (!this.#open) return;
    const { db } = this.#open;
    try {
      this.#checkGround();
      markClean(db, true);
      db.run('PRAGMA wal_checkpoint(TRUNCATE)');
    } finally {
      this.#abandon();
    }
  }

  #openFile(): OpenFile {
    const { path } = this.#ground;
    const hadLog = (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;
    const db = openDatabase(path);
    try {
      markClean(db, false);
      // Left by a thread that died.
      if (hadLog) this.#isLogSoiled = true;
      const [database, log] = [identityOf(path), identityOf(`${path}-wal`)];
      return { db, database, log, write: batchWriter(db) };
    } catch (error) {
      db.close();
      throw error;
    }
  }

  #checkGround(): void {
    this.#checkLock();
    const { path, database } = this.#ground;
    const open = this.#open;
    const isOurs = open ? identityOf(path) === open.database : birthOf(path) === database;
    if (!isOurs) throw gone(path);
    if (open && identityOf(`${path}-wal`) !== open.log) throw gone(`${path}-wal`);
  }

  #checkLock(): void {
    const { lockPath, lock } = this.#ground;
    if (identityOf(lockPath) !== lock) throw gone(lockPath);
  }

  #abandon(): void {
    const abandoned = this.#open;
    this.#open = undefined;
    try {
      abandoned?.db.close();
    } catch {
      // Whatever was acknowledged is on disk, or will be written anew.
    }
  }
}

function gone(path: string): CommitError {
  return new CommitError(`${path} was deleted or replaced while the server runs`, goneCode);
}

/** False when somebody reads what the log holds. */
function beginLogAnew(db: Database): boolean {
  db.run('PRAGMA busy_timeout = 0');
  try {
    const row = db.query<{ busy: number }, []>('PRAGMA wal_checkpoint(TRUNCATE)').get();
    return row?.busy === 0;
  } catch {
    // As long as the disk does not take it, the log stays as it is.
    return false;
  } finally {
    db.run('PRAGMA busy_timeout = 2000');
  }
}

function newPathOf(path: string): string {
  return `${path}.new`;
}

const journalSuffix = '-journal';

/** One transaction in one file: it is complete once its journal is gone. */
function writeWhole(path: string, ops: readonly Operand[]): void {
  for (const suffix of ['', journalSuffix]) rmSync(path + suffix, { force: true });
  const db = new Database(path, { create: true, readwrite: true });
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

/** Puts a complete new database in its place. */
function installNew(path: string): void {
  const aside = `${path}.aside-${new Date().toISOString().replaceAll(/[-:.]/g, '')}`;
  // The file before its log: a file without its log would look like an older state of it.
  for (const suffix of ['', '-wal', '-shm']) {
    if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
  }
  renameSync(newPathOf(path), path);
  syncDirectory(dirname(path));
}

/** Ends what a crash in `renew` has left half done. Only for whoever holds the directory's lock. */
export function finishRenewal(path: string): void {
  const newPath = newPathOf(path);
  const isComplete = existsSync(newPath) && !existsSync(newPath + journalSuffix);
  if (isComplete && !existsSync(path)) installNew(path);
}

/** Renamed files are found under their new names only once their folder is on disk. */
function syncDirectory(path: string): void {
  if (process.platform === 'win32') return;
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/**
 * The database file as the storage thread writes it. Memory is the truth, so that a file which is not the one of the
 * directory any more is given up, and everything is written anew into its place.
 */
import type { Database } from 'bun:sqlite';
import { statSync } from 'node:fs';
import { CommitError, codeOf, goneCode } from './commit_error.ts';
import { markClean, openDatabase } from './database.ts';
import { birthOf, type FileIdentity, identityOf } from './file_identity.ts';
import { dropNew, installNew, writeNew } from './renewal.ts';
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
  /** SQLite's, which changes when somebody else writes to the file. */
  readonly dataVersion: number;
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
  #renewals = 0;

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
      this.#abandonUnlessSound(error);
      throw error;
    }
    if (this.#isLogSoiled) this.#isLogSoiled = !beginLogAnew(this.#open.db);
  }

  /**
   * Writes everything anew and returns what the file is then: into our own when only the lock was lost, otherwise into a
   * new one, and what was in its place is set aside.
   */
  renew(ops: readonly Operand[], lock: FileIdentity): FileIdentity {
    this.#ground = { ...this.#ground, lock };
    this.#renewals += 1;
    this.#checkLock();
    if (this.#open && this.#isUntouched(this.#open)) this.#rewrite(this.#open, ops);
    else this.#replace(ops);
    return this.#ground.database;
  }

  /** Throws when the file is not the directory's any more; then there may be a `renew` and another `close`. */
  close(): void {
    try {
      // Also when nothing was written: what the last process left may be gone.
      this.#checkGround();
      if (this.#open) {
        markClean(this.#open.db, true);
        this.#open.db.run('PRAGMA wal_checkpoint(TRUNCATE)');
      }
    } catch (error) {
      if (codeOf(error) === goneCode) this.#abandonUnlessSound(error);
      else this.#abandon();
      throw error;
    }
    this.#abandon();
  }

  #rewrite({ db, write }: OpenFile, ops: readonly Operand[]): void {
    const rewrite = (): void => {
      for (const table of ['keys', 'parts']) db.run(`DELETE FROM ${table}`);
      write(ops);
    };
    try {
      db.transaction(rewrite).immediate();
      this.#checkGround();
    } catch (error) {
      // The next attempt does without this file.
      this.#abandon();
      throw error;
    }
    // What a failed batch has left there lies behind this one.
    this.#isLogSoiled = !beginLogAnew(db);
  }

  #replace(ops: readonly Operand[]): void {
    this.#abandon();
    const { path } = this.#ground;
    writeNew(path, ops);
    try {
      this.#checkLock();
    } catch (error) {
      // The next start, which may be another server's, would take it for the newest that there is.
      dropNew(path);
      throw error;
    }
    installNew(path);
    this.#ground = { ...this.#ground, database: birthOf(path) };
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
      return { db, database, log, dataVersion: dataVersionOf(db), write: batchWriter(db) };
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
    if (!isOurs) throw this.#gone(path);
    if (open && identityOf(`${path}-wal`) !== open.log) throw this.#gone(`${path}-wal`);
  }

  #checkLock(): void {
    const { lockPath, lock } = this.#ground;
    if (identityOf(lockPath) !== lock) throw this.#gone(lockPath);
  }

  /** The file is the directory's, and nobody else has written to it while the lock may have been theirs. */
  #isUntouched({ db, database, log, dataVersion }: OpenFile): boolean {
    const { path } = this.#ground;
    const isOurs = identityOf(path) === database && identityOf(`${path}-wal`) === log;
    try {
      return isOurs && dataVersionOf(db) === dataVersion;
    } catch {
      // What cannot be read is not worth keeping; the caller has an error already, or writes everything anew.
      return false;
    }
  }

  #gone(path: string): CommitError {
    const message = `${path} was deleted or replaced while the server runs`;
    const again =
      `${message}, and this is not the first time: if nobody touches it, the file system does not keep inode numbers; ` +
      'put the data directory on a local disk';
    return new CommitError(this.#renewals === 0 ? message : again, goneCode);
  }

  #abandonUnlessSound(error: unknown): void {
    const open = this.#open;
    if (!open) return;
    const isGone = codeOf(error) === goneCode && !this.#isUntouched(open);
    // A transaction that could not be undone would swallow the next batch.
    if (isGone || open.db.inTransaction) this.#abandon();
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

function dataVersionOf(db: Database): number {
  return db.query<{ data_version: number }, []>('PRAGMA data_version').get()?.data_version ?? 0;
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

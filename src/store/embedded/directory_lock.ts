/**
 * One process per data directory. The lock is SQLite's own exclusive lock on an empty side file: the
 * kernel drops it with the process, however that ends.
 */
import { Database } from 'bun:sqlite';
import { accessSync, constants, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { CommitError, codeOf, takenCode } from './commit_error.ts';
import { type FileIdentity, identityOf } from './file_identity.ts';
import { createPrivately } from './private_file.ts';

/** The group may look, for whoever makes backups; what is in the files is for the server's user. */
const directoryMode = 0o750;

export interface DirectoryLock {
  readonly path: string;
  /** The file that is locked. The lock is lost when the path leads to another. */
  readonly file: FileIdentity;
  release(): void;
}

/**
 * Throws when another process uses the directory (code `directory_taken`) or it cannot be written to. Creates it if need
 * be, with `mode`.
 */
export function lockDirectory(dataDir: string, mode = directoryMode): DirectoryLock {
  const path = join(dataDir, 'store.lock');
  let db: Database | undefined;
  try {
    mkdirSync(dataDir, { recursive: true, mode });
    accessSync(dataDir, constants.W_OK | constants.X_OK);
    createPrivately(path);
    db = new Database(path, { create: true, readwrite: true });
    db.run('PRAGMA busy_timeout = 0');
    db.run('BEGIN EXCLUSIVE');
    const held = db;
    return { path, file: identityOf(path), release: () => held.close() };
  } catch (cause) {
    db?.close();
    throw lockError(dataDir, cause);
  }
}

function lockError(dataDir: string, cause: unknown): Error {
  const code = codeOf(cause);
  if (code === 'SQLITE_BUSY') {
    const message = `another inngest process is using the data directory ${dataDir}: stop it, or choose another directory`;
    return new CommitError(message, takenCode);
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  const isForbidden = /^(EACCES|EPERM|EROFS|SQLITE_READONLY|SQLITE_PERM|SQLITE_CANTOPEN)/.test(
    code,
  );
  const message = isForbidden
    ? `the data directory ${dataDir} cannot be written to (${reason}): make it writable for ${user()}, or choose another directory`
    : `cannot lock the data directory ${dataDir}: ${reason}: check that it is writable`;
  return new CommitError(message, code);
}

function user(): string {
  const id = process.geteuid?.();
  return id === undefined ? "this server's user" : `the user that runs the server (uid ${id})`;
}

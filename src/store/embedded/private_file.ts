/** Files that hold what customers sent: nobody but the server's user may read them. */
import { closeSync, openSync } from 'node:fs';
import { codeOf } from './commit_error.ts';

const privateMode = 0o600;

/**
 * Makes an empty file, for SQLite to fill, unless there is one. One that exists is not even opened: closing it would
 * drop every lock that this process has on it.
 */
export function createPrivately(path: string): void {
  try {
    closeSync(openSync(path, 'wx', privateMode));
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

/** Which file a path leads to: a file that was opened goes on existing when its path leads elsewhere. */
import { type BigIntStats, statSync } from 'node:fs';
import { codeOf } from './commit_error.ts';

/** Null when there is no file. */
export type FileIdentity = string | null;

/** Tells files apart as long as the one that is asked about is open: its number is not used again before. */
export function identityOf(path: string): FileIdentity {
  const found = statOf(path);
  return found && `${found.dev}:${found.ino}`;
}

/** Tells files apart that nobody has open, and writes to, meanwhile. */
export function birthOf(path: string): FileIdentity {
  const found = statOf(path);
  return found && `${found.dev}:${found.ino}:${found.birthtimeNs}`;
}

function statOf(path: string): BigIntStats | null {
  try {
    return statSync(path, { throwIfNoEntry: false, bigint: true }) ?? null;
  } catch (error) {
    // There is something else where its directory was.
    if (codeOf(error) === 'ENOTDIR') return null;
    throw error;
  }
}

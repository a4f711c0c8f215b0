/** Which file a path leads to: a file that was opened goes on existing when its path leads elsewhere. */
import { statSync } from 'node:fs';

/** Null when there is no file. */
export type FileIdentity = string | null;

/** Tells files apart as long as the one that is asked about is open: its number is not used again before. */
export function identityOf(path: string): FileIdentity {
  const found = statSync(path, { throwIfNoEntry: false, bigint: true });
  return found === undefined ? null : `${found.dev}:${found.ino}`;
}

/** Tells files apart that nobody has open, and writes to, meanwhile. */
export function birthOf(path: string): FileIdentity {
  const found = statSync(path, { throwIfNoEntry: false, bigint: true });
  return found === undefined ? null : `${found.dev}:${found.ino}:${found.birthtimeNs}`;
}

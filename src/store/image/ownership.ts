/**
 * Whose the files of a data directory are to be. A server that runs as a user of its own cannot read what root puts
 * into its directory, and does not start when the lock is root's.
 */
import { lchownSync, lstatSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

export interface Ownership {
  /** Makes files and folders the owner's where that is possible and needed. */
  give(...paths: readonly string[]): void;
  /** What to do when some could not be given, as a sentence; null when there is nothing to do. */
  advice(): string | null;
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const rootUid = 0;

/** Makes the directory if need be. It and what is in it belongs to whom it did, or to whom the folder around it does. */
export function makeOwned(dataDir: string): Ownership {
  const path = resolve(dataDir);
  const first = mkdirSync(path, { recursive: true, mode: 0o750 });
  const uid = process.geteuid?.();
  // Windows: what is in a folder takes its rights from there.
  if (uid === undefined) return { give: () => {}, advice: () => null };
  // What others make in a folder, /tmp for example, is theirs.
  const isParents = first !== undefined && uid === rootUid;
  const ownership = ownershipOf(path, statSync(isParents ? dirname(first) : path), uid);
  if (first !== undefined) ownership.give(...foldersUpTo(path, first));
  return ownership;
}

/** Of a directory that exists. */
export function ownershipIn(dataDir: string): Ownership {
  const uid = process.geteuid?.();
  if (uid === undefined) return { give: () => {}, advice: () => null };
  return ownershipOf(dataDir, statSync(dataDir), uid);
}

function ownershipOf(dataDir: string, { uid, gid }: Owner, ownUid: number): Ownership {
  let isGiven = true;
  const give = (path: string): void => {
    if (lstatSync(path).uid === uid) return;
    try {
      // Never through a link: the folder may belong to somebody else, who could have put it there.
      lchownSync(path, uid, gid);
    } catch {
      isGiven = false;
    }
  };
  return {
    give: (...paths) => paths.forEach(give),
    advice: () =>
      isGiven
        ? null
        : `The new files belong to user ${ownUid}, ${dataDir} belongs to user ${uid}: run 'chown -R ${uid}:${gid} ${dataDir}' as root, or a server of that user cannot use them.`,
  };
}

function foldersUpTo(path: string, first: string): string[] {
  const folders: string[] = [];
  for (let at = path; at.length >= first.length; at = dirname(at)) folders.push(at);
  return folders;
}

/**
 * The folders in which something has to change before a path leads to another file or to other text: the one that holds
 * the file, those that hold links on the way, and those on the way that may go and come back.
 */
import { lstatSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { join, parse, sep } from 'node:path';
import { folderFilesMax, isDocumentName } from './document_file.ts';

export interface WatchedFolder {
  /** Another folder at the same path has another one. */
  readonly identity: string;
  /** What matters in it. */
  readonly names: Set<string>;
  /** Whether all documents in it matter. */
  holdsDocuments: boolean;
  /** Whether changes of text are seen in it; else it is only on the way. */
  isNear: boolean;
}

/** As many as Linux follows. */
const linksMax = 40;

/** Elsewhere a watch reports what is below the folder too: of `/`, everything. */
const areWaysWatched = process.platform === 'linux';

/** By their paths, which have no links in them. Paths are absolute and need not exist. */
export function watchedFolders(paths: readonly string[]): Map<string, WatchedFolder> {
  const finder = new FolderFinder();
  for (const path of paths) {
    const folder = finder.follow(path);
    if (folder !== null) finder.addDocuments(folder);
  }
  return finder.found;
}

class FolderFinder {
  readonly found = new Map<string, WatchedFolder>();

  /** Goes the way to what the path names. The folder that it is in the end, if it is one. */
  follow(path: string): string | null {
    let { root: folder } = parse(path);
    let rest = namesIn(path);
    for (let links = 0; rest.length > 0 && links <= linksMax; ) {
      const [name = '', ...after] = rest;
      rest = after;
      const place = join(folder, name);
      if (name === '..') {
        folder = place;
        continue;
      }
      const kind = kindOf(place);
      this.#add(folder, name, rest.length === 0 || kind !== 'folder');
      if (kind === 'other') return null;
      if (kind === 'folder') folder = place;
      else {
        links += 1;
        const target = targetOf(place);
        if (target === null) return null;
        rest = [...namesIn(target), ...rest];
        folder = parse(target).root || folder;
      }
    }
    return rest.length === 0 ? folder : null;
  }

  /** Those that are links lead to files elsewhere. */
  addDocuments(folder: string): void {
    const watched = this.#folder(folder);
    watched.holdsDocuments = true;
    watched.isNear = true;
    for (const name of linksIn(folder)) this.follow(join(folder, name));
  }

  #add(folder: string, name: string, isNear: boolean): void {
    if (!isNear && !areWaysWatched) return;
    const watched = this.#folder(folder);
    watched.names.add(name);
    watched.isNear ||= isNear;
  }

  #folder(path: string): WatchedFolder {
    const known = this.found.get(path);
    if (known) return known;
    const identity = identityOf(path);
    const folder = { identity, names: new Set<string>(), holdsDocuments: false, isNear: false };
    this.found.set(path, folder);
    return folder;
  }
}

function namesIn(path: string): string[] {
  return path
    .slice(parse(path).root.length)
    .split(sep)
    .filter((name) => name !== '' && name !== '.');
}

/** What cannot be looked at is `other`, as is what does not exist. */
function kindOf(path: string): 'folder' | 'link' | 'other' {
  try {
    const status = lstatSync(path);
    if (status.isSymbolicLink()) return 'link';
    return status.isDirectory() ? 'folder' : 'other';
  } catch {
    return 'other';
  }
}

function targetOf(link: string): string | null {
  try {
    return readlinkSync(link);
  } catch {
    // It has gone just now.
    return null;
  }
}

function linksIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isSymbolicLink() && isDocumentName(entry.name))
      .slice(0, folderFilesMax)
      .map(({ name }) => name);
  } catch {
    return [];
  }
}

function identityOf(folder: string): string {
  try {
    // Numbers of files are used again.
    const { dev, ino, birthtimeNs } = statSync(folder, { bigint: true });
    return `${dev} ${ino} ${birthtimeNs}`;
  } catch {
    return '';
  }
}

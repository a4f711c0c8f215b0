/**
 * Notices when documents change. Folders are watched rather than files: editors put a new file in the place of the old
 * one, and a file that is not there yet has no other way to be seen.
 */
import { type FSWatcher, watch } from 'node:fs';
import type { Clock, Timer } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { isDocumentName } from './document_file.ts';
import { type WatchedFolder, watchedFolders } from './watched_folders.ts';

export interface WatchParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly onChange: () => void;
}

/** A file is written in several pieces: it is read when it has been quiet for this long. */
export const quietMs = 100;
/** A file that is written all the time is read at least this often. */
export const quietMsMax = 2_000;

/** Folders that change while they are being looked for are looked for again, this often at once. */
const roundsMax = 5;

interface Watching {
  readonly watcher: FSWatcher;
  folder: WatchedFolder;
}

export class DocumentWatch {
  readonly #paths: readonly string[];
  readonly #parts: WatchParts;
  /** By the path of the folder. */
  readonly #watchings = new Map<string, Watching>();
  #timer: Timer | null = null;
  /** When the first change came that nobody has been told of. */
  #firstMs = 0;
  #hasFailed = false;

  /** Files, and folders of documents. They need not exist. */
  constructor(paths: readonly string[], parts: WatchParts) {
    this.#paths = paths;
    this.#parts = parts;
  }

  /** Watches what there is by now: of what changes from here on, nothing is missed. */
  refresh(): void {
    for (let round = 0; round < roundsMax; round += 1) {
      if (!this.#adopt(watchedFolders(this.#paths))) return;
    }
    this.#note();
  }

  close(): void {
    for (const { watcher } of this.#watchings.values()) watcher.close();
    this.#watchings.clear();
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** Whether a folder is watched that was not, or has gone: until then it may have changed since it was looked at. */
  #adopt(folders: ReadonlyMap<string, WatchedFolder>): boolean {
    // Those that have gone first: the system may give a second watch of a path what the first one sees.
    for (const [path, { watcher, folder }] of this.#watchings) {
      if (folders.get(path)?.identity === folder.identity) continue;
      watcher.close();
      this.#watchings.delete(path);
    }
    let hasNew = false;
    for (const [path, folder] of folders) {
      const watching = this.#watchings.get(path);
      if (watching) watching.folder = folder;
      else hasNew = this.#watch(path, folder) || hasNew;
    }
    return hasNew;
  }

  #watch(path: string, folder: WatchedFolder): boolean {
    try {
      const watcher = watch(path, { persistent: false }, (_, name) => {
        if (isMeant(watching.folder, name)) this.#note();
      });
      const watching: Watching = { watcher, folder };
      watcher.on('error', (error) => {
        watcher.close();
        if (this.#watchings.get(path) === watching) this.#watchings.delete(path);
        this.#fail(path, watching.folder, error);
      });
      this.#watchings.set(path, watching);
      return true;
    } catch (error) {
      // It has gone just now: what is there instead is to be watched.
      if (isGone(error)) return true;
      this.#fail(path, folder, error);
      return false;
    }
  }

  /** Said once: the same would be true of every reload. */
  #fail(path: string, { isNear }: WatchedFolder, error: unknown): void {
    if (this.#hasFailed || !isNear) return;
    this.#hasFailed = true;
    const advice = 'after a change send SIGHUP to the server';
    this.#parts.log.warn(`changes in ${path} cannot be watched: ${advice}`, { error });
  }

  #note(): void {
    const { clock, onChange } = this.#parts;
    const nowMs = clock.now();
    if (this.#timer === null) this.#firstMs = nowMs;
    this.#timer?.cancel();
    const atMs = Math.min(nowMs + quietMs, this.#firstMs + quietMsMax);
    this.#timer = clock.at(atMs, () => {
      this.#timer = null;
      onChange();
    });
  }
}

function isMeant({ names, holdsDocuments }: WatchedFolder, name: string | null): boolean {
  // Some systems do not say what has changed.
  return name === null || names.has(name) || (holdsDocuments && isDocumentName(name));
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

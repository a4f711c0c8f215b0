/**
 * Notices when documents change. Folders are watched rather than files: editors put a new file in the place of the old
 * one, and a file that is not there yet has no other way to be seen.
 */
import { type FSWatcher, realpathSync, statSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Clock, Timer } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { isDocumentName } from './document_file.ts';

export interface WatchParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly onChange: () => void;
}

/** A file is written in several pieces: it is read when it has been quiet for this long. */
export const quietMs = 100;
/** A file that is written all the time is read at least this often. */
export const quietMsMax = 2_000;

/** Which names in a folder matter. */
type Matcher = (name: string) => boolean;

export class DocumentWatch {
  readonly #paths: readonly string[];
  readonly #parts: WatchParts;
  #watchers: FSWatcher[] = [];
  #timer: Timer | null = null;
  /** When the first change came that nobody has been told of. */
  #firstMs = 0;
  #hasFailed = false;

  /** Files, and folders of documents. They need not exist. */
  constructor(paths: readonly string[], parts: WatchParts) {
    this.#paths = paths;
    this.#parts = parts;
  }

  /** Watches what there is by now. */
  refresh(): void {
    const old = this.#watchers;
    this.#watchers = [];
    for (const [folder, matchers] of foldersOf(this.#paths)) {
      const isMeant = (name: string | null) =>
        // Some systems do not say what has changed.
        name === null || matchers.some((matches) => matches(name));
      this.#watch(folder, isMeant);
    }
    // Only now: a change in between is seen by one of them.
    for (const watcher of old) watcher.close();
  }

  close(): void {
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = [];
    this.#timer?.cancel();
    this.#timer = null;
  }

  #watch(folder: string, isMeant: (name: string | null) => boolean): void {
    try {
      const watcher = watch(folder, { persistent: false }, (_, name) => {
        if (isMeant(name)) this.#note();
      });
      watcher.on('error', (error) => {
        watcher.close();
        this.#fail(folder, error);
      });
      this.#watchers.push(watcher);
    } catch (error) {
      this.#fail(folder, error);
    }
  }

  /** Said once: the same would be true of every reload. */
  #fail(folder: string, error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    const advice = 'after a change send SIGHUP to the server';
    this.#parts.log.warn(`changes in ${folder} cannot be watched: ${advice}`, { error });
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

/** Folders that exist, with what matters in them. */
function foldersOf(paths: readonly string[]): Map<string, Matcher[]> {
  const folders = new Map<string, Matcher[]>();
  const add = (folder: string, matcher: Matcher): void => {
    if (!isFolder(folder)) return;
    folders.set(folder, [...(folders.get(folder) ?? []), matcher]);
  };
  for (const path of paths) {
    // A link may be exchanged, and so may the file it leads to.
    for (const place of new Set([path, realPath(path)])) {
      const file = basename(place);
      add(dirname(place), (name) => name === file);
    }
    add(path, isDocumentName);
  }
  return folders;
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

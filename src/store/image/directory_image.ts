/** The image of a data directory: read into memory as the engine does it, written by the engine itself. */
import { existsSync } from 'node:fs';
import type { Clock } from '../../lib/clock.ts';
import { databasePath, openDatabase, prepareDatabase } from '../embedded/database.ts';
import { type DirectoryLock, lockDirectory } from '../embedded/directory_lock.ts';
import { type EmbeddedStore, openEmbeddedStore } from '../embedded/engine.ts';
import type { Entry } from '../embedded/entry.ts';
import { Keyspace } from '../embedded/keyspace.ts';
import { scoreText } from '../embedded/number_text.ts';
import { finishRenewal } from '../embedded/renewal.ts';
import { restore } from '../embedded/restore.ts';
import { outward } from '../outward.ts';
import { defaultPrefix } from '../prefix.ts';
import { StoreUnavailableError } from '../store.ts';
import { chunksOf, type ImageChunk, isEphemeral } from './chunk.ts';
import { filesIn } from './database_files.ts';
import { finishInstallation, hasInstallation } from './installation.ts';
import type { ImageSource, ImageTarget } from './move.ts';
import { type Installed, refuseUnfinished, type Staging } from './staging.ts';
import { writeCommand } from './write_command.ts';

/** Reads and checks every row of a store's file. Throws when it is damaged or from a newer program. */
export function readStoreFile(path: string, clock: Clock): Keyspace {
  const space = new Keyspace(clock, defaultPrefix);
  const db = openDatabase(path);
  try {
    prepareDatabase(db, path);
    restore(db, space);
    return space;
  } catch (error) {
    space.close();
    throw error;
  } finally {
    db.close();
  }
}

export interface DirectorySource extends ImageSource {
  close(): void;
}

/** Locks the directory until it is closed. Throws when there is no database or a server works on it. */
export function openDirectorySource(dataDir: string, clock: Clock): DirectorySource {
  // Checked first: a folder that is none of ours is not touched.
  if (filesIn(dataDir, ['store.db']).length === 0 && !hasInstallation(dataDir)) {
    refuseUnfinished(dataDir);
    throw noDatabase(dataDir);
  }
  const lock: DirectoryLock = lockDirectory(dataDir);
  let space: Keyspace;
  try {
    endInterrupted(dataDir);
    if (!existsSync(databasePath(dataDir))) throw noDatabase(dataDir);
    space = readStoreFile(databasePath(dataDir), clock);
  } catch (error) {
    lock.release();
    throw error;
  }
  return {
    keyCount: space.size,
    chunks: () => chunksOfSpace(space),
    isMarked: async () => false,
    checkStill: async () => {},
    close: () => {
      space.close();
      lock.release();
    },
  };
}

/** What a crash has left half done, as a server's start ends it. Throws when that takes more than moving files. */
function endInterrupted(dataDir: string): void {
  finishInstallation(dataDir);
  refuseUnfinished(dataDir);
  finishRenewal(databasePath(dataDir));
}

function noDatabase(dataDir: string): Error {
  return new Error(`${dataDir} holds no database: name the data directory of a server`);
}

/** Each key leaves the memory once it was read: what is packed on disk is several times as large there. */
async function* chunksOfSpace(space: Keyspace): AsyncGenerator<ImageChunk> {
  const head = defaultPrefix.length + 1;
  for (const fullKey of space.keys()) {
    const entry = space.find(fullKey);
    const key = fullKey.slice(head);
    if (!entry) continue;
    if (!isEphemeral(key)) {
      const { kind, expiresAtMs } = entry;
      yield* chunksOf({ key, kind, expiresAtMs }, partsOf(entry));
    }
    space.remove(entry);
  }
}

function* partsOf(entry: Entry): Generator<readonly string[]> {
  if (entry.kind === 'string') yield [entry.value];
  else if (entry.kind === 'hash') yield* entry.value;
  else if (entry.kind === 'set') for (const member of entry.value) yield [member];
  else if (entry.kind === 'zset') {
    for (const { member, score } of entry.value.members()) yield [member, scoreText(score)];
  } else {
    for (let at = 0; at < entry.value.length; at += 1) yield [entry.value.at(at) ?? ''];
  }
}

const putScript = 'image_put';
/** KEYS[1] prefix; ARGV: key, expiry ms or 0, command, its arguments. */
const putSource = `
  local key = KEYS[1] .. ':' .. ARGV[1]
  redis.call(ARGV[3], key, unpack(ARGV, 4))
  if ARGV[2] ~= '0' then
    redis.call('PEXPIREAT', key, ARGV[2])
  end`;

/** Chunks between two waits for the disk, so that what is not on it yet stays bounded. */
const chunksPerWait = 1_000;

const onDisk = (store: EmbeddedStore): Promise<void> => outward(store)(async () => {})();

/** Writes into a staging folder, from where the finished database is moved into its directory. */
export class DirectoryTarget implements ImageTarget {
  readonly #dataDir: string;
  readonly #staging: Staging;
  readonly #clock: Clock;
  #store: EmbeddedStore | undefined;
  #chunks = 0;
  #isComplete = false;
  installed: Installed = { replaced: null, ownerAdvice: null };

  constructor(dataDir: string, staging: Staging, clock: Clock) {
    this.#dataDir = dataDir;
    this.#staging = staging;
    this.#clock = clock;
  }

  get leftBehind(): string {
    return this.#isComplete
      ? 'the destination is complete but for files that have yet to be moved to their places: start a server on it, or run the command again, which ends that'
      : 'nothing was put into the destination';
  }

  /** The staging folder is the mark. */
  async begin(): Promise<void> {}

  async withdraw(): Promise<void> {}

  async clear(): Promise<void> {
    this.#store = await openEmbeddedStore({
      dataDir: this.#staging.folder,
      clock: this.#clock,
      extraScripts: { [putScript]: putSource },
    });
  }

  async write(chunk: ImageChunk): Promise<void> {
    const [command, ...args] = writeCommand(chunk);
    const put = [chunk.key, chunk.expiresAtMs, command, ...args];
    this.#store?.runSync(putScript, put);
    this.#chunks += 1;
    if (this.#store && this.#chunks % chunksPerWait === 0) {
      await this.#written(onDisk(this.#store));
    }
  }

  async flush(): Promise<void> {
    await this.#written(this.close());
    // The whole state was in memory, and is about to be again.
    Bun.gc(true);
  }

  async *readBack(): AsyncGenerator<ImageChunk> {
    const space = readStoreFile(databasePath(this.#staging.folder), this.#clock);
    try {
      yield* chunksOfSpace(space);
    } finally {
      space.close();
    }
  }

  async finish(): Promise<void> {
    try {
      this.installed = this.#staging.install();
    } finally {
      this.#isComplete = hasInstallation(this.#dataDir);
    }
  }

  async close(): Promise<void> {
    const store = this.#store;
    this.#store = undefined;
    await store?.close();
  }

  /** The store speaks to whoever runs a server; here nothing is tried again. */
  async #written(writing: Promise<void>): Promise<void> {
    try {
      await writing;
    } catch (cause) {
      if (!(cause instanceof StoreUnavailableError)) throw cause;
      throw new Error(
        `the disk of ${this.#staging.folder} does not take the database: check that it has space and works`,
        { cause },
      );
    }
  }
}

/**
 * The embedded engine: runs the scripts in this process against data in memory, and brings what they wrote
 * to a database file. Scripts run to their end without interruption, so that each is one atomic step.
 */
import type { Clock } from '../../lib/clock.ts';
import { defaultPrefix } from '../prefix.ts';
import { loadScripts } from '../scripts.ts';
import {
  type Reply,
  type ScriptName,
  type Store,
  StoreUnavailableError,
  type Subscriber,
} from '../store.ts';
import { execute } from './commands.ts';
import type { Committer } from './committer.ts';
import { databasePath, openDatabase, prepareDatabase } from './database.ts';
import { diskClock as realDiskClock } from './disk_clock.ts';
import { birthOf } from './file_identity.ts';
import { type CommitStats, GroupCommit } from './group_commit.ts';
import { HeldDirectory } from './held_directory.ts';
import { Journal } from './journal.ts';
import { Keyspace } from './keyspace.ts';
import { LuaVm } from './lua_vm.ts';
import { finishRenewal } from './renewal.ts';
import { type Restored, restore } from './restore.ts';
import type { StoreGround } from './store_file.ts';
import { WorkerCommitter } from './worker_committer.ts';

export interface EmbeddedStoreOptions {
  /** Where the database lives; null keeps everything in memory only. */
  readonly dataDir: string | null;
  /** KEYS[1] of every script. */
  readonly prefix?: string;
  /** The time that expiry goes by. */
  readonly clock: Clock;
  /** The time that waiting for the disk goes by; the real one unless a test says otherwise. */
  readonly diskClock?: Clock;
  /** Told about trouble with the disk. */
  readonly log?: (message: string) => void;
  /** Told of each group of changes how long it took to be on disk, in ms. Never called without a data directory. */
  readonly onCommit?: (ms: number) => void;
  /** Scripts besides those of `lua/`, by name; for tests. */
  readonly extraScripts?: Readonly<Record<ScriptName, string>>;
  /** Stands in for the storage thread; for tests. */
  readonly committer?: Committer;
}

export interface EmbeddedStats extends CommitStats {
  readonly keys: number;
  /** Memory of the Lua interpreter, which never shrinks. */
  readonly luaBytes: number;
}

/** What a store with a data directory has in addition to its memory. */
interface Durability {
  readonly commits: GroupCommit;
  readonly directory: HeldDirectory;
}

export class EmbeddedStore implements Store {
  readonly #vm: LuaVm;
  #isClosed = false;
  readonly #space: Keyspace;
  readonly #clock: Clock;
  readonly #durability: Durability | undefined;
  /** Whether the database held keys when it was opened. */
  readonly wasRestored: boolean;

  /** Use `openEmbeddedStore`. */
  constructor(vm: LuaVm, space: Keyspace, clock: Clock, durability?: Durability) {
    this.#vm = vm;
    this.#space = space;
    this.#clock = clock;
    this.#durability = durability;
    this.wasRestored = space.size > 0;
  }

  /** As `run`, for callers that need no promise. */
  runSync(script: ScriptName, args: readonly (string | number)[]): Reply {
    if (this.#isClosed) throw new StoreUnavailableError('the store has been closed');
    this.#space.nowMs = this.#clock.now();
    try {
      return this.#vm.run(script, args);
    } finally {
      this.#durability?.commits.noteBytes(sizeOf(args));
    }
  }

  async run(script: ScriptName, args: readonly (string | number)[]): Promise<Reply> {
    return this.runSync(script, args);
  }

  subscribe(subscriber: Subscriber): () => void {
    return this.#space.subscribe(subscriber);
  }

  settled(): Promise<void> {
    return this.#durability?.commits.settled() ?? Promise.resolve();
  }

  trouble(): string | null {
    return this.#durability?.commits.trouble() ?? null;
  }

  stats(): EmbeddedStats {
    const idle: CommitStats = { bytesUnflushed: 0, commits: 0, commitMsLast: 0 };
    return {
      keys: this.#space.size,
      luaBytes: this.#vm.memoryBytes,
      ...(this.#durability?.commits.stats() ?? idle),
    };
  }

  /** All keys, or those that match a pattern. */
  keys(pattern?: RegExp): string[] {
    const keys = this.#space.keys();
    return pattern ? keys.filter((key) => pattern.test(key)) : keys;
  }

  /** The hashes whose key begins with `prefix`, as the rest of the key and some of their fields, without a script. */
  hashes(prefix: string, fields: readonly string[]): Iterable<[string, (string | null)[]]> {
    return this.#space.hashes(prefix, fields);
  }

  /** Safe to call again. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    // From here on no script runs: what it wrote could come to disk after the directory has been let go.
    this.#isClosed = true;
    this.#space.close();
    try {
      await this.#durability?.commits.close();
    } finally {
      this.#durability?.directory.release();
      this.#vm.close();
    }
  }
}

/** The size of arguments in memory, roughly: most text is ASCII. */
function sizeOf(args: readonly (string | number)[]): number {
  let bytes = 0;
  for (const arg of args) bytes += typeof arg === 'string' ? arg.length : 8;
  return bytes;
}

/**
 * Opens the store and restores what its database holds. Throws when another process uses the directory,
 * when a newer program wrote it, or when it is damaged.
 */
export async function openEmbeddedStore(options: EmbeddedStoreOptions): Promise<EmbeddedStore> {
  const { dataDir, clock } = options;
  if (dataDir === null) {
    const space = new Keyspace(clock, options.prefix ?? defaultPrefix);
    return new EmbeddedStore(await startVm(options, space), space, clock);
  }
  const directory = new HeldDirectory(dataDir);
  try {
    return await openDurable(options, directory);
  } catch (error) {
    directory.release();
    throw error;
  }
}

async function openDurable(
  options: EmbeddedStoreOptions,
  directory: HeldDirectory,
): Promise<EmbeddedStore> {
  const { clock } = options;
  const { dataDir } = directory;
  const journal = new Journal();
  const space = new Keyspace(clock, options.prefix ?? defaultPrefix, journal);
  // The interpreter is compiled by other threads while this one reads the database.
  const starting = startVm(options, space);
  let ground: StoreGround;
  try {
    const path = databasePath(dataDir);
    finishRenewal(path);
    const { lastId, ...counts } = readDatabase(path, space);
    journal.startAfter(lastId, counts);
    ground = { path, database: birthOf(path), ...directory.lock };
  } catch (error) {
    space.close();
    (await starting).close();
    throw error;
  }
  const vm = await starting;
  const commits = new GroupCommit({
    journal,
    committer: options.committer ?? new WorkerCommitter(ground, () => directory.lock.lock),
    clock: options.diskClock ?? realDiskClock,
    warn: options.log ?? (() => {}),
    onCommit: options.onCommit,
    dataDir,
    takeAnew: () => {
      directory.retake();
      return journal.takeAnew(space.durableEntries());
    },
  });
  return new EmbeddedStore(vm, space, clock, { commits, directory });
}

function readDatabase(path: string, space: Keyspace): Restored {
  const db = openDatabase(path);
  try {
    prepareDatabase(db, path);
    return restore(db, space);
  } finally {
    db.close();
  }
}

async function startVm(options: EmbeddedStoreOptions, space: Keyspace): Promise<LuaVm> {
  const prefix = options.prefix ?? defaultPrefix;
  const vm = await LuaVm.start(prefix, (name, key, args) => execute(space, name, key, args));
  for (const [name, source] of loadScripts()) vm.add(name, source);
  for (const [name, source] of Object.entries(options.extraScripts ?? {})) vm.compile(name, source);
  return vm;
}

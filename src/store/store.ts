/**
 * The seam to durable memory. A store runs the Lua scripts of `lua/` atomically, one at a time; nothing
 * else changes queue, run or pause state (design §3).
 */

/** What a script answers: Redis' reply types as node-redis maps them (nil and Lua false are null). */
export type Reply = null | number | string | readonly Reply[];

/** A script's name is its file name in `lua/` without the extension, for example `run_enter`. */
export type ScriptName = string;

/** Hears what scripts PUBLISH. It may be called while the script still runs, so it only takes note. */
export type Subscriber = (channel: string, message: string) => void;

export interface Store {
  /**
   * Runs a script with KEYS = [the shard's key prefix, for example `{inngest}`] and the given ARGV.
   * Resolves with the script's reply. Throws `ScriptError` when the script raised one; nothing it wrote
   * before is undone (scripts check before they write).
   * What the script did may not be on disk yet: see `settled`.
   */
  run(script: ScriptName, args: readonly (string | number)[]): Promise<Reply>;

  /**
   * Resolves once everything that scripts wrote before this call is durable. Whoever lets something out
   * that others can see (an HTTP answer, a request to an SDK) awaits this first. Rejects with
   * `StoreUnavailableError` when the writes cannot be made durable.
   */
  settled(): Promise<void>;

  /**
   * Messages of scripts; returns how to stop listening. A message can be lost: it is a hint, never the truth. A store
   * that lies outside this process (Redis) has two messages of its own, empty and for this process only:
   * - `<prefix>:resync`: it could not be used (was away, or refused writes) and can be used again. Others may have taken
   *   over what could not be renewed meanwhile, and after a failover recent writes may be gone.
   * - `<prefix>:missed`: messages may have been lost, so whatever they would have told has to be looked up. Told when it
   *   hears again, and about once a second while scripts can be run but not heard.
   * It says neither for what was before it was opened.
   */
  subscribe(subscriber: Subscriber): () => void;

  /**
   * Why no new work should be taken in, in words for whoever runs the server: the disk does not keep up, Redis
   * is away. Null when all is well.
   */
  trouble(): string | null;

  /** Makes everything durable and releases files. */
  close(): Promise<void>;
}

/** A script raised an error: a bug in the script or a wrong argument. */
export class ScriptError extends Error {
  readonly code = 'script_error';
  constructor(
    readonly script: ScriptName,
    message: string,
  ) {
    super(`script ${script}: ${message}`);
    this.name = 'ScriptError';
  }
}

/**
 * Durable memory is away (disk full, database closed, Redis unreachable). Whether the script ran is not known: the work
 * can be tried again, and scripts are written so that a repetition does no harm (lease tokens, ids, positions).
 */
export class StoreUnavailableError extends Error {
  readonly code = 'store_unavailable';
  override readonly name = 'StoreUnavailableError';
}

/**
 * The scripts as Redis knows them: by the hash of their text. Every server learns all of them when it is connected
 * to, and again whatever it forgot.
 */
import { createHash } from 'node:crypto';
import { type Reply, ScriptError, type ScriptName } from '../store.ts';
import { commandsOf, probeIntake, probePermissions } from './permission_probe.ts';
import type { RedisConnection } from './redis_connection.ts';
import { faultOf } from './redis_fault.ts';

/**
 * Scripts that take new work in. When Redis has used all its memory they are refused, while the others go on: work
 * that is finished frees memory.
 */
const intakeScripts = new Set<ScriptName>(['bulk_start', 'event_accept', 'history_append']);

export interface CachedScript {
  readonly name: ScriptName;
  readonly text: string;
  readonly sha: string;
}

interface Reload {
  readonly connection: RedisConnection;
  readonly loading: Promise<Reply>;
}

export class ScriptCache {
  readonly #scripts = new Map<ScriptName, CachedScript>();
  readonly #commands: readonly string[];
  readonly #reloads = new Map<ScriptName, Reload>();

  constructor(sources: ReadonlyMap<ScriptName, string>) {
    for (const [name, source] of sources) {
      const text = flagged(name, source);
      const sha = createHash('sha1').update(text).digest('hex');
      this.#scripts.set(name, { name, text, sha });
    }
    this.#commands = commandsOf(sources.values());
  }

  get(name: ScriptName): CachedScript | undefined {
    return this.#scripts.get(name);
  }

  /**
   * Makes the server know every script, and sees that it runs them: a server that would refuse each of them is no use.
   * Throws `ScriptError` when one does not parse.
   */
  async loadAll(connection: RedisConnection, prefix: string): Promise<void> {
    const scripts = [...this.#scripts.values()];
    const known = await connection.sendCommand(['SCRIPT', 'EXISTS', ...scripts.map((s) => s.sha)]);
    const isKnown = Array.isArray(known) ? known : [];
    const missing = scripts.filter((_, index) => isKnown[index] !== 1);
    await Promise.all(missing.map((script) => this.#load(connection, script)));
    await probePermissions(connection, prefix, this.#commands);
  }

  /** Rejects for as long as the server would refuse scripts by this code of Redis. */
  async probe(connection: RedisConnection, prefix: string, code: string): Promise<void> {
    if (code === 'OOM') await probeIntake(connection, prefix);
    else await probePermissions(connection, prefix, this.#commands);
  }

  /** Teaches a script that was forgotten, once for all who ask while that is under way. */
  async reload(connection: RedisConnection, script: CachedScript): Promise<void> {
    const { name } = script;
    const current = this.#reloads.get(name);
    if (current?.connection === connection) {
      await current.loading;
      return;
    }
    const reload = { connection, loading: this.#load(connection, script) };
    this.#reloads.set(name, reload);
    try {
      await reload.loading;
    } finally {
      if (this.#reloads.get(name) === reload) this.#reloads.delete(name);
    }
  }

  async #load(connection: RedisConnection, { name, text }: CachedScript): Promise<Reply> {
    try {
      return await connection.sendCommand(['SCRIPT', 'LOAD', text]);
    } catch (error) {
      const fault = faultOf(error);
      throw fault.kind === 'script' ? new ScriptError(name, fault.message) : error;
    }
  }
}

/**
 * A first line with flags makes Redis decide before a script starts whether it may write: on a replica, without its
 * disk or out of memory it is refused whole.
 */
function flagged(name: ScriptName, source: string): string {
  return `#!lua${intakeScripts.has(name) ? '' : ' flags=allow-oom'}\n${source}`;
}
/** By how many lines the flags move a script down. */
export const flagLines = 1;

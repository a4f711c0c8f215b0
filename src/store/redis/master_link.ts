/**
 * Keeps one connection to the master: makes it, notices when it is gone, makes the next, for as long as it takes. There
 * is a good connection or there is none; nothing waits for one.
 */
import type { Clock, Timer } from '../../lib/clock.ts';
import { ScriptError } from '../store.ts';
import type { RedisAccess } from './redis_access.ts';
import type { RedisConnection } from './redis_connection.ts';
import { RedisSetupError, reasonText, setupProblem } from './redis_fault.ts';
import { addressText } from './redis_uri.ts';

const retryMsFirst = 25;
const retryMsMax = 2_000;
/** A connection that lived shorter than this does not start the backoff afresh. */
const steadyMs = 1_000;
/** How long a start waits for a Redis that is not there. */
const startMsMax = 5_000;
/** How often Sentinel or the Cluster is asked whether the master is still the same. */
const relocateMs = 5_000;

export interface MasterLinkOptions {
  readonly access: RedisAccess;
  readonly prefix: string;
  readonly clock: Clock;
  readonly random: () => number;
  /** Gets a new connection ready for use; when it fails, the connection is given up. */
  readonly prepare: (connection: RedisConnection) => Promise<void>;
  /** Told of every connection that is ready for use. */
  readonly onReady?: (connection: RedisConnection) => void;
  /** Told why there is no connection any more. */
  readonly onAway?: (reason: string) => void;
}

export interface Absence {
  readonly sinceMs: number;
  readonly reason: string;
}

export class MasterLink {
  readonly #options: MasterLinkOptions;
  #connection: RedisConnection | undefined;
  #absence: Absence;
  #readyAtMs = 0;
  #failures = 0;
  #timer: Timer | undefined;
  #isClosed = false;
  #start: PromiseWithResolvers<void> | undefined;

  constructor(options: MasterLinkOptions) {
    this.#options = options;
    this.#absence = { sinceMs: options.clock.now(), reason: 'it does not answer' };
  }

  /** The connection to use now, if there is one. */
  get connection(): RedisConnection | undefined {
    return this.#connection;
  }

  /** Since when there is no connection, and why; null when there is one. */
  get absence(): Absence | null {
    return this.#connection ? null : this.#absence;
  }

  /**
   * Resolves once the first connection is ready. Rejects with `RedisSetupError` when it will never be, and when Redis
   * stays away for five seconds; then the link is closed.
   */
  async start(): Promise<void> {
    const { clock, access } = this.#options;
    const start = Promise.withResolvers<void>();
    this.#start = start;
    const timer = clock.at(clock.now() + startMsMax, () =>
      start.reject(
        new Error(
          `Redis at ${access.target.shown} cannot be used: ${this.#absence.reason}. ` +
            `Tried for ${startMsMax / 1000} s; start it, or correct the Redis URI`,
        ),
      ),
    );
    void this.#connect();
    try {
      await start.promise;
    } catch (error) {
      this.close();
      throw error;
    } finally {
      this.#start = undefined;
      timer.cancel();
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#connection?.close();
    this.#connection = undefined;
    this.#absence = { sinceMs: this.#options.clock.now(), reason: 'this server has closed it' };
  }

  async #connect(): Promise<void> {
    const { access, prefix, prepare, onReady, clock } = this.#options;
    let connection: RedisConnection | undefined;
    try {
      connection = await access.masterOf(prefix);
      await prepare(connection);
      if (connection.brokenBy) throw connection.brokenBy;
    } catch (error) {
      connection?.close();
      this.#failed(error);
      return;
    }
    if (this.#isClosed) return connection.close();
    this.#connection = connection;
    this.#readyAtMs = clock.now();
    connection.whenBroken((reason) => this.#lost(reason));
    this.#watchMaster(connection);
    this.#start?.resolve();
    onReady?.(connection);
  }

  #failed(error: unknown): void {
    if (this.#isClosed) return;
    const problem = setupProblem(error);
    this.#absence = { ...this.#absence, reason: problem ?? reasonText(error) };
    if (this.#start && (problem !== null || error instanceof ScriptError)) {
      this.#start.reject(problem === null ? error : this.#setupError(problem, error));
      return;
    }
    this.#retry();
  }

  #setupError(problem: string, cause: unknown): RedisSetupError {
    const { shown } = this.#options.access.target;
    return new RedisSetupError(`Redis at ${shown} cannot be used: ${problem}`, { cause });
  }

  #lost(reason: Error): void {
    const { clock, onAway } = this.#options;
    const nowMs = clock.now();
    this.#connection = undefined;
    this.#absence = { sinceMs: nowMs, reason: reasonText(reason) };
    if (nowMs - this.#readyAtMs >= steadyMs) this.#failures = 0;
    onAway?.(this.#absence.reason);
    this.#retry();
  }

  #retry(): void {
    const { access, clock, random } = this.#options;
    access.distrust();
    const delayMs = Math.min(retryMsMax, retryMsFirst * 2 ** Math.min(this.#failures, 10));
    this.#failures += 1;
    // Between half and all of it: many servers must not come back at the same instant.
    this.#timer?.cancel();
    this.#timer = clock.at(
      clock.now() + delayMs * (0.5 + random() / 2),
      () => void this.#connect(),
    );
  }

  /** An old master that nobody follows any more keeps its connections: it has to be asked about. */
  #watchMaster(connection: RedisConnection): void {
    const { access, prefix, clock } = this.#options;
    if (access.target.kind === 'single') return;
    this.#timer?.cancel();
    this.#timer = clock.at(clock.now() + relocateMs, async () => {
      const master = await access.locate(prefix).catch(() => connection.address);
      if (this.#connection !== connection) return;
      if (addressText(master) === addressText(connection.address)) this.#watchMaster(connection);
      else connection.break(new Error(`the master is ${addressText(master)} now`));
    });
  }
}

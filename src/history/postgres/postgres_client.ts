/**
 * A pool of connections on which nobody waits for ever. A server that is slow says so itself (`statement_timeout`);
 * one that hangs, or a network that swallows everything, costs the pool: the next question goes to a new one.
 */
import { SQL, type TransactionSQL } from 'bun';
import type { Value } from '../sql/source.ts';
import { PostgresFailure, safeError } from './postgres_error.ts';

/** How long one statement may take the server. Lists and counts go by indexes; callers wait for them. */
export const readMsMax = 10_000;
/** Locks of others may be in the way; the facts are safe in the outbox meanwhile. */
export const writeMsMax = 20_000;
/** To bring an old database to the newest shape: building indexes takes its time, and another server may be at it. */
export const migrateMsMax = 3_600_000;

/** An answer that is this much later than the server's own limit does not come any more. */
const graceMs = 2_000;
/** Seconds until a server that takes no connection counts as away. */
const connectSecondsMax = 5;
/** Seconds for queries under way when the pool is closed. */
const closeSecondsMax = 2;

export interface PostgresClientOptions {
  readonly uri: string;
  readonly connectionsMax: number;
  readonly statementMsMax: number;
}

type Answer<T> = Promise<T & { count: number }>;

/** The pool, or a transaction under way. */
export interface Asker {
  /** `signal` makes the server break the statement off. */
  ask<T>(text: string, values: readonly Value[], signal?: AbortSignal): Answer<T>;
}

/** Throws `PostgresFailure`, and `RowsRefusedError` for values that PostgreSQL never takes. */
export class PostgresClient implements Asker {
  readonly #options: PostgresClientOptions;
  #sql: SQL;
  #isClosed = false;

  constructor(options: PostgresClientOptions) {
    this.#options = options;
    this.#sql = connect(options);
  }

  async ask<T>(text: string, values: readonly Value[], signal?: AbortSignal): Answer<T> {
    const sql = this.#sql;
    const query = sql.unsafe(text, [...values]);
    const cancel = () => void query.cancel();
    const silence = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      // Others on this pool may be served: they have for as long as the server allows.
      this.#replace(sql, this.#options.statementMsMax / 1_000);
      silence.reject(this.#silent());
    }, this.#silenceMsMax);
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      return await Promise.race([query, silence.promise]);
    } catch (error) {
      throw safeError(error, this.#options.uri);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', cancel);
    }
  }

  /** Takes as long as it needs while the server answers its statements. */
  async transaction<T>(work: (transaction: Asker) => Promise<T>): Promise<T> {
    const sql = this.#sql;
    const silence = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      // At once, lest what is left of this transaction gets in the way of the next.
      this.#replace(sql, 0);
      silence.reject(this.#silent());
    }, this.#silenceMsMax);
    try {
      const done = sql.begin((tx) => work(this.#askerOf(tx, timer)));
      return await Promise.race([done, silence.promise]);
    } catch (error) {
      throw safeError(error, this.#options.uri);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Queries under way may finish for two seconds. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#sql.close({ timeout: closeSecondsMax });
  }

  #askerOf(tx: TransactionSQL, timer: NodeJS.Timeout): Asker {
    const { uri } = this.#options;
    return {
      async ask<R>(text: string, values: readonly Value[]): Answer<R> {
        try {
          return await tx.unsafe(text, [...values]);
        } catch (error) {
          throw safeError(error, uri);
        } finally {
          // Counts from here again.
          timer.refresh();
        }
      },
    };
  }

  get #silenceMsMax(): number {
    return this.#options.statementMsMax + graceMs;
  }

  #silent(): PostgresFailure {
    return new PostgresFailure(`no answer within ${this.#silenceMsMax / 1_000} s`, null);
  }

  #replace(sql: SQL, closeSeconds: number): void {
    if (this.#sql !== sql || this.#isClosed) return;
    this.#sql = connect(this.#options);
    // Whether it closes well does not matter to anybody.
    sql.close({ timeout: closeSeconds }).catch(() => undefined);
  }
}

function connect({ uri, connectionsMax, statementMsMax }: PostgresClientOptions): SQL {
  try {
    return new SQL({
      url: uri,
      max: connectionsMax,
      connectionTimeout: connectSecondsMax,
      connection: {
        statement_timeout: statementMsMax,
        // A server that lost sight of us must not keep our locks.
        idle_in_transaction_session_timeout: statementMsMax + graceMs,
      },
    });
  } catch (error) {
    throw safeError(error, uri);
  }
}

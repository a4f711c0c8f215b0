/** The queries of `sql/` on PostgreSQL, through Bun's client. */
import { SQL, type TransactionSQL } from 'bun';
import type { Insertion, Row, SqlSink, SqlSource, Value } from '../sql/source.ts';
import { tablesOf } from '../sql/tables.ts';
import { isLostRace, safeError } from './postgres_error.ts';

/** Seconds until a server that does not answer counts as away. */
const connectSecondsMax = 10;

/**
 * Rows go in statements of so many, so that the server prepares a few texts and not one for every number. A statement
 * takes at most 65 535 values: 100 rows of our widest table have 2 200.
 */
const rowsPerStatement = [100, 10, 1] as const;

/** Deadlocks and lost races end soon; another server may be in the way for a while. */
const attemptsMax = 5;
/** The first wait is at most twice this long, each further one twice as long as the last. */
const backoffMs = 10;

type Client = Pick<SQL, 'unsafe'> | Pick<TransactionSQL, 'unsafe'>;

export function connect(uri: string, connectionsMax: number): SQL {
  try {
    return new SQL({ url: uri, max: connectionsMax, connectionTimeout: connectSecondsMax });
  } catch (error) {
    throw safeError(error, uri);
  }
}

export class PostgresSource implements SqlSource {
  readonly kind = 'postgres';

  constructor(
    protected readonly client: Client,
    /** For what errors must not show. */
    protected readonly uri: string,
  ) {}

  async all<R>(text: string, values: readonly Value[] = []): Promise<readonly R[]> {
    return this.ask<R[]>(text, values);
  }

  protected async ask<T>(text: string, values: readonly Value[]): Promise<T & { count: number }> {
    try {
      return await this.client.unsafe(text, [...values]);
    } catch (error) {
      throw safeError(error, this.uri);
    }
  }
}

export class PostgresSink extends PostgresSource implements SqlSink {
  readonly #sql: SQL | null;

  /** `sql` is the whole client, or null within a transaction. */
  constructor(client: Client, sql: SQL | null, uri: string) {
    super(client, uri);
    this.#sql = sql;
  }

  async insert(insertion: Insertion, rows: readonly Row[]): Promise<void> {
    let from = 0;
    for (const size of rowsPerStatement) {
      for (; rows.length - from >= size; from += size) {
        await this.ask(this.#textOf(insertion, size), rows.slice(from, from + size).flat());
      }
    }
  }

  async run(text: string, values: readonly Value[] = []): Promise<number> {
    return (await this.ask<unknown>(text, values)).count;
  }

  async transaction<T>(work: (sink: SqlSink) => Promise<T>): Promise<T> {
    const sql = this.#sql;
    if (sql === null) throw new Error('a transaction within a transaction');
    for (let attempt = 1; ; attempt++) {
      try {
        return await sql.begin((tx) => work(new PostgresSink(tx, null, this.uri)));
      } catch (error) {
        const failure = safeError(error, this.uri);
        if (attempt >= attemptsMax || !isLostRace(failure)) throw failure;
        await Bun.sleep(Math.random() * backoffMs * 2 ** attempt);
      }
    }
  }

  #textOf({ table, columns, onConflict }: Insertion, rows: number): string {
    const lists = Array.from({ length: rows }, (_, row) => {
      const places = columns.map((_, column) => `$${row * columns.length + column + 1}`);
      return `(${places.join(', ')})`;
    });
    return `INSERT INTO ${tablesOf(this)[table]} AS kept (${columns.join(', ')})
      VALUES ${lists.join(', ')} ON CONFLICT ${onConflict}`;
  }
}

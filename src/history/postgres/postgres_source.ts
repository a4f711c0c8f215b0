/** The queries of `sql/` on PostgreSQL, through Bun's client. */
import type { Insertion, Row, SqlSink, SqlSource, Value } from '../sql/source.ts';
import { tablesOf } from '../sql/tables.ts';
import type { Asker, PostgresClient } from './postgres_client.ts';
import { isLostRace } from './postgres_error.ts';

/**
 * Rows go in statements of so many, so that the server prepares a few texts and not one for every number. A statement
 * takes at most 65 535 values: 100 rows of our widest table have 2 200.
 */
const rowsPerStatement = [100, 10, 1] as const;

/**
 * One transaction at a time, whichever server's. Servers that write the same runs would deadlock, which costs them a
 * second each time; those that do not have taken turns with the outbox anyway. Any number that others hardly lock.
 */
const writersKey = 7_041_776_121;

/** Races with what takes no turns (single statements, other programs) end soon. */
const attemptsMax = 10;
/** The first wait is at most twice this long, each further one twice as long as the last, up to the longest. */
const backoffMs = 10;
const backoffMsMax = 1_000;

export class PostgresSource implements SqlSource {
  readonly kind = 'postgres';

  constructor(
    protected readonly asker: Asker,
    private readonly signal?: AbortSignal,
  ) {}

  until(signal: AbortSignal): PostgresSource {
    return new PostgresSource(this.asker, signal);
  }

  async all<R>(text: string, values: readonly Value[] = []): Promise<readonly R[]> {
    this.signal?.throwIfAborted();
    return this.asker.ask<R[]>(text, values, this.signal);
  }
}

export class PostgresSink extends PostgresSource implements SqlSink {
  readonly #client: PostgresClient | null;

  /** `client` is null within a transaction. */
  constructor(asker: Asker, client: PostgresClient | null) {
    super(asker);
    this.#client = client;
  }

  async insert(insertion: Insertion, rows: readonly Row[]): Promise<void> {
    let from = 0;
    for (const size of rowsPerStatement) {
      for (; rows.length - from >= size; from += size) {
        const values = rows.slice(from, from + size).flat();
        await this.asker.ask<unknown>(this.#textOf(insertion, size), values);
      }
    }
  }

  async run(text: string, values: readonly Value[] = []): Promise<number> {
    return (await this.asker.ask<unknown>(text, values)).count;
  }

  async transaction<T>(work: (sink: SqlSink) => Promise<T>): Promise<T> {
    const client = this.#client;
    if (client === null) throw new Error('a transaction within a transaction');
    for (let attempt = 1; ; attempt++) {
      try {
        return await client.transaction(async (tx) => {
          await tx.ask(`SELECT pg_advisory_xact_lock(${writersKey})`, []);
          return work(new PostgresSink(tx, null));
        });
      } catch (error) {
        if (attempt >= attemptsMax || !isLostRace(error)) throw error;
        await Bun.sleep(Math.random() * Math.min(backoffMsMax, backoffMs * 2 ** attempt));
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

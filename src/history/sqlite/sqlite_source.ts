/** The queries of `sql/` on a SQLite connection. Nothing here waits: an answer is there when the call returns. */
import type { Database, Statement } from 'bun:sqlite';
import type { Insertion, Row, SqlSink, SqlSource, Value } from '../sql/source.ts';
import { tablesOf } from '../sql/tables.ts';

export class SqliteSource implements SqlSource {
  readonly kind = 'sqlite';

  constructor(protected readonly db: Database) {}

  async all<R>(text: string, values: readonly Value[] = []): Promise<readonly R[]> {
    return this.db.query<R, Value[]>(numbered(text)).all(...values);
  }
}

/** For one caller at a time: two transactions at once would be one. */
export class SqliteSink extends SqliteSource implements SqlSink {
  readonly #insertions = new Map<Insertion, Statement<unknown, Value[]>>();

  async insert(insertion: Insertion, rows: readonly Row[]): Promise<void> {
    const statement = this.#statementOf(insertion);
    for (const row of rows) statement.run(...row);
  }

  async run(text: string, values: readonly Value[] = []): Promise<number> {
    return this.db.query<unknown, Value[]>(numbered(text)).run(...values).changes;
  }

  async transaction<T>(work: (sink: SqlSink) => Promise<T>): Promise<T> {
    this.db.run('BEGIN IMMEDIATE');
    try {
      const result = await work(this);
      this.db.run('COMMIT');
      return result;
    } catch (error) {
      // SQLite has already ended the transaction itself when the disk is full.
      if (this.db.inTransaction) this.db.run('ROLLBACK');
      throw error;
    }
  }

  #statementOf(insertion: Insertion): Statement<unknown, Value[]> {
    const known = this.#insertions.get(insertion);
    if (known !== undefined) return known;
    const { table, columns, onConflict } = insertion;
    const places = columns.map(() => '?').join(', ');
    const statement = this.db.prepare<unknown, Value[]>(
      `INSERT INTO ${tablesOf(this)[table]} AS kept (${columns.join(', ')}) VALUES (${places})
       ON CONFLICT ${onConflict}`,
    );
    this.#insertions.set(insertion, statement);
    return statement;
  }
}

/** SQLite takes `$1` for a name. */
function numbered(text: string): string {
  return text.replaceAll('$', '?');
}

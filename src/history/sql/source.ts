/**
 * A history database as the queries see it. Texts are the same for SQLite and PostgreSQL: placeholders are `$1`,
 * `$2` …, tables come from `tables.ts`. Integers of PostgreSQL arrive as text: read them with `numberOf`.
 */

export type DatabaseKind = 'sqlite' | 'postgres';

export type Value = string | number | null | Uint8Array;

/** In the order of an insertion's columns. */
export type Row = readonly Value[];

export interface SqlSource {
  readonly kind: DatabaseKind;
  /** The rows of a query, whose shape the caller knows: it wrote the text. */
  all<R>(text: string, values?: readonly Value[]): Promise<readonly R[]>;
  /** The same source for somebody who may give up: what is under way then is broken off. Absent where that is not possible. */
  until?(signal: AbortSignal): SqlSource;
}

/** Rows that are added to a table; `onConflict` says what happens to one that is there, `kept`. */
export interface Insertion {
  readonly table: 'events' | 'runs' | 'runEvents' | 'runFacts';
  readonly columns: readonly string[];
  readonly onConflict: string;
}

export interface SqlSink extends SqlSource {
  /** No two rows may have the same key. Throws `RowsRefusedError` for rows that will never be taken. */
  insert(insertion: Insertion, rows: readonly Row[]): Promise<void>;
  /** Resolves with how many rows changed. */
  run(text: string, values?: readonly Value[]): Promise<number>;
  /** All of it or nothing. What is given may be done again when another server was in the way. */
  transaction<T>(work: (sink: SqlSink) => Promise<T>): Promise<T>;
}

export interface WritableDatabase {
  readonly sink: SqlSink;
  /** Gives a little of the space that was freed back to the system; resolves with whether there is more. */
  giveBack(): Promise<boolean>;
  close(): Promise<void>;
}

export interface ReadableDatabase {
  readonly source: SqlSource;
  close(): Promise<void>;
}

/** The database will never take these rows: what they hold is too long or not text for it. */
export class RowsRefusedError extends Error {
  override readonly name = 'RowsRefusedError';
}

export function numberOf(value: number | string): number {
  return typeof value === 'number' ? value : Number(value);
}

export function numberOrNull(value: number | string | null): number | null {
  return value === null ? null : numberOf(value);
}

/** Collects the values of a query while its text is put together. */
export class Parameters {
  readonly values: Value[] = [];

  /** The placeholder that stands for the value. */
  add(value: Value): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }
}

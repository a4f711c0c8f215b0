/** What the tables are called. In PostgreSQL they have a schema of their own: the database may be somebody else's. */
import type { DatabaseKind, Insertion } from './source.ts';

export type Tables = Readonly<Record<Insertion['table'], string>>;

export const postgresSchema = 'inngest_history';

const names: Tables = {
  events: 'events',
  runs: 'runs',
  runEvents: 'run_events',
  runFacts: 'run_facts',
};

const tables: Readonly<Record<DatabaseKind, Tables>> = {
  sqlite: names,
  postgres: {
    events: `${postgresSchema}.${names.events}`,
    runs: `${postgresSchema}.${names.runs}`,
    runEvents: `${postgresSchema}.${names.runEvents}`,
    runFacts: `${postgresSchema}.${names.runFacts}`,
  },
};

export function tablesOf({ kind }: { readonly kind: DatabaseKind }): Tables {
  return tables[kind];
}

/**
 * `column` has one of the texts in the JSON list that the placeholder stands for: one text of SQL for any number. The
 * client would make JSON of what is declared as json.
 */
export function isIn(kind: DatabaseKind, column: string, placeholder: string): string {
  return kind === 'sqlite'
    ? `${column} IN (SELECT value FROM json_each(${placeholder}))`
    : `${column} = ANY(ARRAY(SELECT json_array_elements_text(${placeholder}::text::json)))`;
}

/** A query for the texts in the JSON list that the placeholder stands for: each is an `id`. */
export function listed(kind: DatabaseKind, placeholder: string): string {
  return kind === 'sqlite'
    ? `SELECT value AS id FROM json_each(${placeholder})`
    : `SELECT json_array_elements_text(${placeholder}::text::json) AS id`;
}

/** Tells SQLite which index to use; PostgreSQL knows from its statistics. */
export function indexedBy(kind: DatabaseKind, index: string | null): string {
  return kind === 'sqlite' && index !== null ? `INDEXED BY ${index}` : '';
}

/** Rows that another server deletes or writes at this moment are left to it. */
export function unlocked({ kind }: { readonly kind: DatabaseKind }): string {
  return kind === 'sqlite' ? '' : 'FOR UPDATE SKIP LOCKED';
}

/** The shape of the history database and how an older one is brought up to it. */
import type { Database } from 'bun:sqlite';
import { rebuildFirstShape } from './second_shape.ts';
import { addMarks } from './third_shape.ts';

/**
 * In order; `user_version` counts those that ran. A published entry never changes: add another.
 *
 * events: a sender's retry with the same seed header is stored again under the same id (http-api.md §1.6),
 * so the time of receipt is part of the key; a replayed fact carries the same time.
 * events_shown serves the public list, events_by_received narrow windows, both without touching payloads.
 * runs: everything is nullable, because the facts of a run may come in any order.
 */
export const migrations: readonly ((db: Database) => void)[] = [
  (db) =>
    db.run(
      `CREATE TABLE events (
     internal_id TEXT NOT NULL,
     received_at_ms INTEGER NOT NULL,
     name TEXT NOT NULL,
     is_internal INTEGER NOT NULL,
     payload TEXT NOT NULL,
     UNIQUE (internal_id, received_at_ms)
   ) STRICT;
   CREATE INDEX events_shown ON events (internal_id, received_at_ms) WHERE is_internal = 0;
   CREATE INDEX events_by_name ON events (name, internal_id, received_at_ms);
   CREATE INDEX events_by_received ON events (received_at_ms, internal_id, is_internal, name);

   CREATE TABLE runs (
     run_id TEXT NOT NULL PRIMARY KEY,
     function_id TEXT,
     function_version INTEGER,
     function_slug TEXT,
     app_id TEXT,
     event_ids TEXT,
     event_name TEXT,
     cron TEXT,
     batch_id TEXT,
     original_run_id TEXT,
     scheduled_at_ms INTEGER,
     started_at_ms INTEGER,
     ended_at_ms INTEGER,
     ended_status TEXT,
     output TEXT
   ) STRICT;

   CREATE TABLE run_events (
     event_id TEXT NOT NULL,
     run_id TEXT NOT NULL,
     PRIMARY KEY (event_id, run_id)
   ) STRICT, WITHOUT ROWID;

   CREATE TABLE steps (
     run_id TEXT NOT NULL,
     step_id TEXT NOT NULL,
     attempt INTEGER NOT NULL,
     status TEXT NOT NULL,
     occasion_ms INTEGER NOT NULL,
     at_ms INTEGER NOT NULL,
     name TEXT NOT NULL,
     kind TEXT NOT NULL,
     started_at_ms INTEGER,
     duration_ms REAL,
     input TEXT,
     output TEXT,
     detail TEXT,
     UNIQUE (run_id, step_id, attempt, status, occasion_ms)
   ) STRICT;`,
    ),
  rebuildFirstShape,
  addMarks,
];

/** Brings the database to the newest shape. Throws when it was written by a newer server. */
export function migrate(db: Database): void {
  db.transaction(() => {
    const version = readVersion(db);
    if (version > migrations.length) {
      throw new Error(
        `history database has version ${version}, this server knows ${migrations.length}: start a newer server, or point it at another directory`,
      );
    }
    for (const step of migrations.slice(version)) step(db);
    db.run(`PRAGMA user_version = ${migrations.length}`);
  }).immediate();
}

export function readVersion(db: Database): number {
  const row = db.query<{ user_version: number }, []>('PRAGMA user_version').get();
  if (row === null)
    throw new Error('history database does not tell its version: is the file a SQLite database?');
  return row.user_version;
}

/** The shape of the history database in PostgreSQL and how an older one is brought up to it. */
import type { SqlSink } from '../sql/source.ts';
import { numberOf } from '../sql/source.ts';
import { postgresSchema as schema } from '../sql/tables.ts';

/** Any number that other programs are unlikely to lock. */
const lockKey = 7_041_776_120;

/**
 * In order; the table `version` counts those that ran. A published entry never changes: add another.
 * The same tables and indexes as in SQLite (sqlite/second_shape.ts, third_shape.ts). Ids are compared byte by byte ("C"), and only
 * the beginning of a name is in an index: an entry has at most 2 704 bytes.
 */
const migrations: readonly (readonly string[])[] = [
  [
    `CREATE TABLE ${schema}.events (
       internal_id TEXT COLLATE "C" NOT NULL,
       received_at_ms BIGINT NOT NULL,
       name TEXT COLLATE "C" NOT NULL,
       is_internal SMALLINT NOT NULL,
       payload BYTEA NOT NULL,
       PRIMARY KEY (internal_id, received_at_ms)
     )`,
    `CREATE INDEX events_shown ON ${schema}.events (internal_id, received_at_ms)
       WHERE is_internal = 0`,
    `CREATE INDEX events_by_name ON ${schema}.events
       (left(name, 256), internal_id, received_at_ms)`,
    `CREATE INDEX events_by_received ON ${schema}.events (received_at_ms, internal_id, is_internal)`,
    `CREATE TABLE ${schema}.runs (
       run_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
       function_id TEXT COLLATE "C",
       function_version BIGINT,
       function_slug TEXT,
       function_name TEXT,
       app_id TEXT COLLATE "C",
       app_name TEXT,
       event_ids TEXT,
       event_name TEXT COLLATE "C",
       cron TEXT,
       batch_id TEXT,
       original_run_id TEXT,
       replay_id TEXT,
       is_deferred SMALLINT,
       links TEXT,
       scheduled_at_ms BIGINT,
       started_at_ms BIGINT,
       ended_at_ms BIGINT,
       ended_status TEXT COLLATE "C",
       skip_reason TEXT,
       skip_existing_run_id TEXT,
       output BYTEA
     ) WITH (fillfactor = 80)`,
    `CREATE INDEX runs_by_queued ON ${schema}.runs (scheduled_at_ms)`,
    `CREATE INDEX runs_by_started ON ${schema}.runs (started_at_ms)
       WHERE started_at_ms IS NOT NULL`,
    `CREATE INDEX runs_by_ended ON ${schema}.runs (ended_at_ms) WHERE ended_at_ms IS NOT NULL`,
    `CREATE INDEX runs_by_function ON ${schema}.runs (function_id, scheduled_at_ms)`,
    `CREATE INDEX runs_by_app ON ${schema}.runs (app_id, scheduled_at_ms)`,
    `CREATE INDEX runs_open ON ${schema}.runs (scheduled_at_ms) WHERE ended_at_ms IS NULL`,
    `CREATE INDEX runs_ended_badly ON ${schema}.runs (ended_status, scheduled_at_ms)
       WHERE ended_status <> 'Completed'`,
    `CREATE TABLE ${schema}.run_events (
       event_id TEXT COLLATE "C" NOT NULL,
       run_id TEXT COLLATE "C" NOT NULL,
       PRIMARY KEY (event_id, run_id)
     )`,
    `CREATE TABLE ${schema}.run_facts (
       run_id TEXT COLLATE "C" NOT NULL,
       key TEXT COLLATE "C" NOT NULL,
       at_ms BIGINT NOT NULL,
       fact BYTEA NOT NULL,
       PRIMARY KEY (run_id, key)
     )`,
    // The database compresses what is large anyway; ours is smaller and already done.
    `ALTER TABLE ${schema}.events ALTER COLUMN payload SET STORAGE EXTERNAL`,
    `ALTER TABLE ${schema}.runs ALTER COLUMN output SET STORAGE EXTERNAL`,
    `ALTER TABLE ${schema}.run_facts ALTER COLUMN fact SET STORAGE EXTERNAL`,
  ],
  // sqlite/third_shape.ts
  [
    `ALTER TABLE ${schema}.runs ADD COLUMN has_ai SMALLINT`,
    `CREATE INDEX runs_deferred ON ${schema}.runs (scheduled_at_ms) WHERE is_deferred = 1`,
    `CREATE INDEX runs_unscheduled ON ${schema}.runs (run_id) WHERE scheduled_at_ms IS NULL`,
    `UPDATE ${schema}.runs SET has_ai = 1 WHERE run_id IN (
       SELECT run_id FROM ${schema}.run_facts
       WHERE position('"kind":"aiInfer"'::bytea IN fact) > 0
          OR position('"kind":"aiWrap"'::bytea IN fact) > 0)`,
  ],
];

/** Brings the database to the newest shape; one server at a time. Throws when it was written by a newer server. */
export async function migratePostgres(sink: SqlSink): Promise<void> {
  await sink.transaction(async (tx) => {
    await tx.all(`SELECT pg_advisory_xact_lock(${lockKey})`);
    const version = await readVersion(tx);
    if (version > migrations.length) {
      throw new Error(
        `history database has version ${version}, this server knows ${migrations.length}: start a newer server, or use another database`,
      );
    }
    if (version === migrations.length) return;
    for (const text of migrations.slice(version).flat()) await tx.run(text);
    await tx.run(`UPDATE ${schema}.version SET version = $1`, [migrations.length]);
  });
}

/** Asks first: whoever may only read and write rows can use what is there. */
async function readVersion(sink: SqlSink): Promise<number> {
  const [found] = await sink.all<{ place: string | null }>(
    `SELECT to_regclass('${schema}.version')::text AS place`,
  );
  if (found?.place === null || found === undefined) {
    await sink.run(`CREATE SCHEMA IF NOT EXISTS ${schema}`);
    await sink.run(`CREATE TABLE ${schema}.version (version BIGINT NOT NULL)`);
    await sink.run(`INSERT INTO ${schema}.version (version) VALUES (0)`);
  }
  const [row] = await sink.all<{ version: number | string }>(
    `SELECT version FROM ${schema}.version`,
  );
  return numberOf(row?.version ?? 0);
}

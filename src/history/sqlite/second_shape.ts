/**
 * The second shape: columns that take compressed payloads, everything that is known of a run, one table for all that
 * happens in it, and an index for every list. What an older server recorded is taken over.
 */
import type { Database } from 'bun:sqlite';
import type { StepFact } from '../fact.ts';
import { factKey } from '../sql/fact_key.ts';
import { encodePayload } from '../sql/payload.ts';

/**
 * runs: lists are walked by time and read their few ties by id. `runs_open` and `runs_ended_badly` are the states
 * people look for; nearly all runs are in neither, and a run that starts changes no index but its own.
 * run_facts: clustered by run, read as a whole.
 */
const shape = `
  CREATE TABLE events (
    internal_id TEXT NOT NULL,
    received_at_ms INTEGER NOT NULL,
    name TEXT NOT NULL,
    is_internal INTEGER NOT NULL,
    payload ANY NOT NULL,
    UNIQUE (internal_id, received_at_ms)
  ) STRICT;

  CREATE TABLE runs (
    run_id TEXT NOT NULL PRIMARY KEY,
    function_id TEXT,
    function_version INTEGER,
    function_slug TEXT,
    function_name TEXT,
    app_id TEXT,
    app_name TEXT,
    event_ids TEXT,
    event_name TEXT,
    cron TEXT,
    batch_id TEXT,
    original_run_id TEXT,
    replay_id TEXT,
    is_deferred INTEGER,
    links TEXT,
    scheduled_at_ms INTEGER,
    started_at_ms INTEGER,
    ended_at_ms INTEGER,
    ended_status TEXT,
    skip_reason TEXT,
    skip_existing_run_id TEXT,
    output ANY
  ) STRICT;

  CREATE TABLE run_facts (
    run_id TEXT NOT NULL,
    key TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    fact ANY NOT NULL,
    PRIMARY KEY (run_id, key)
  ) STRICT, WITHOUT ROWID;`;

/** After the rows are there: an index is built faster than it is filled. */
const indexes = `
  CREATE INDEX events_shown ON events (internal_id, received_at_ms) WHERE is_internal = 0;
  CREATE INDEX events_by_name ON events (name, internal_id, received_at_ms);
  CREATE INDEX events_by_received ON events (received_at_ms, internal_id, is_internal, name);
  CREATE INDEX runs_by_queued ON runs (scheduled_at_ms);
  CREATE INDEX runs_by_started ON runs (started_at_ms) WHERE started_at_ms IS NOT NULL;
  CREATE INDEX runs_by_ended ON runs (ended_at_ms) WHERE ended_at_ms IS NOT NULL;
  CREATE INDEX runs_by_function ON runs (function_id, scheduled_at_ms);
  CREATE INDEX runs_by_app ON runs (app_id, scheduled_at_ms);
  CREATE INDEX runs_open ON runs (scheduled_at_ms) WHERE ended_at_ms IS NULL;
  CREATE INDEX runs_ended_badly ON runs (ended_status, scheduled_at_ms)
    WHERE ended_status <> 'Completed';`;

const setAside = `
  DROP INDEX events_shown;
  DROP INDEX events_by_name;
  DROP INDEX events_by_received;
  ALTER TABLE events RENAME TO events_first;
  ALTER TABLE runs RENAME TO runs_first;`;

const takeOver = `
  INSERT INTO events SELECT * FROM events_first;
  DROP TABLE events_first;
  INSERT INTO runs (run_id, function_id, function_version, function_slug, function_name, app_id,
                    app_name, event_ids, event_name, cron, batch_id, original_run_id, is_deferred,
                    scheduled_at_ms, started_at_ms, ended_at_ms, ended_status, output)
    SELECT run_id, function_id, function_version, function_slug,
           CASE WHEN scheduled_at_ms IS NULL THEN NULL ELSE '' END, app_id,
           CASE WHEN scheduled_at_ms IS NULL THEN NULL ELSE '' END, event_ids, event_name, cron,
           batch_id, original_run_id, CASE WHEN scheduled_at_ms IS NULL THEN NULL ELSE 0 END,
           scheduled_at_ms, started_at_ms, ended_at_ms, ended_status, output FROM runs_first;
  DROP TABLE runs_first;`;

export function rebuildFirstShape(db: Database): void {
  db.run(setAside);
  db.run(shape);
  db.run(takeOver);
  takeOverSteps(db);
  db.run('DROP TABLE steps');
  db.run(indexes);
}

interface StepRow {
  readonly run_id: string;
  readonly step_id: string;
  readonly attempt: number;
  readonly status: StepFact['status'];
  readonly at_ms: number;
  readonly name: string;
  readonly kind: string;
  readonly started_at_ms: number | null;
  readonly duration_ms: number | null;
  readonly input: string | null;
  readonly output: string | null;
  readonly detail: string | null;
}

function takeOverSteps(db: Database): void {
  const insert = db.prepare<unknown, [string, string, number, string | Uint8Array]>(
    'INSERT INTO run_facts (run_id, key, at_ms, fact) VALUES (?, ?, ?, ?)',
  );
  const rows = db.query<StepRow, []>('SELECT * FROM steps ORDER BY run_id').iterate();
  for (const row of rows) {
    const fact = factOf(row);
    const { runId, ...rest } = fact;
    insert.run(runId, factKey(fact), fact.atMs, encodePayload('sqlite', JSON.stringify(rest)));
  }
  insert.finalize();
}

function factOf(row: StepRow): StepFact {
  return {
    t: 'step',
    runId: row.run_id,
    stepId: row.step_id,
    name: row.name,
    kind: row.kind,
    status: row.status,
    attempt: row.attempt,
    atMs: row.at_ms,
    ...(row.started_at_ms !== null && { startedAtMs: row.started_at_ms }),
    ...(row.duration_ms !== null && { durationMs: row.duration_ms }),
    ...(row.input !== null && { input: row.input }),
    ...(row.output !== null && { output: row.output }),
    ...(row.detail !== null && { detail: JSON.parse(row.detail) }),
  };
}

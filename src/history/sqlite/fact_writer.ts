/**
 * Turns facts into rows. Recording a fact again changes nothing, and the facts of a run give the same rows in
 * whatever order they come: each row keeps what was known first in the run's own time, never what came last.
 */
import type { Database, Statement } from 'bun:sqlite';
import type {
  EventFact,
  Fact,
  RunEndedFact,
  RunScheduledFact,
  RunStartedFact,
  StepFact,
} from '../fact.ts';
import { eventNameOf, parseFact } from '../fact_schema.ts';
import type { FactRejection } from '../history_error.ts';

const internalEventPrefix = 'inngest/';
/** Step id of the function body. */
const bodyStepId = 'step';

const insertEvent = `
  INSERT INTO events (internal_id, received_at_ms, name, is_internal, payload) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT DO NOTHING`;

const scheduleRun = `
  INSERT INTO runs (run_id, function_id, function_version, function_slug, app_id, event_ids, event_name,
                    cron, batch_id, original_run_id, scheduled_at_ms)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
  ON CONFLICT (run_id) DO UPDATE SET
    function_id = ?2, function_version = ?3, function_slug = ?4, app_id = ?5, event_ids = ?6, event_name = ?7,
    cron = ?8, batch_id = ?9, original_run_id = ?10, scheduled_at_ms = ?11
  WHERE scheduled_at_ms IS NULL`;

const insertRunEvent = `
  INSERT INTO run_events (event_id, run_id) VALUES (?, ?) ON CONFLICT DO NOTHING`;

const startRun = `
  INSERT INTO runs (run_id, started_at_ms) VALUES (?1, ?2)
  ON CONFLICT (run_id) DO UPDATE SET started_at_ms = ?2
  WHERE started_at_ms IS NULL OR ?2 < started_at_ms`;

const endRun = `
  INSERT INTO runs (run_id, ended_at_ms, ended_status, output) VALUES (?1, ?2, ?3, ?4)
  ON CONFLICT (run_id) DO UPDATE SET ended_at_ms = ?2, ended_status = ?3, output = ?4
  WHERE ended_at_ms IS NULL OR ?2 < ended_at_ms`;

const insertStep = `
  INSERT INTO steps (run_id, step_id, attempt, status, occasion_ms, at_ms, name, kind, started_at_ms,
                     duration_ms, input, output, detail)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
  ON CONFLICT (run_id, step_id, attempt, status, occasion_ms) DO UPDATE SET
    at_ms = ?6, name = ?7, kind = ?8, started_at_ms = ?9, duration_ms = ?10, input = ?11, output = ?12,
    detail = ?13
  WHERE ?6 < at_ms`;

type Value = string | number | null;
type Row = readonly Value[];

/** A fact that has been read, ready to be written. */
interface Change {
  readonly fact: Fact;
  /** Of the event; empty for other facts. */
  readonly eventName: string;
}

export class FactWriter {
  readonly #db: Database;
  readonly #insertEvent: Statement<unknown, Value[]>;
  readonly #scheduleRun: Statement<unknown, Value[]>;
  readonly #insertRunEvent: Statement<unknown, Value[]>;
  readonly #startRun: Statement<unknown, Value[]>;
  readonly #endRun: Statement<unknown, Value[]>;
  readonly #insertStep: Statement<unknown, Value[]>;

  /** The database must have the newest shape (`migrate`). */
  constructor(db: Database) {
    this.#db = db;
    this.#insertEvent = db.prepare(insertEvent);
    this.#scheduleRun = db.prepare(scheduleRun);
    this.#insertRunEvent = db.prepare(insertRunEvent);
    this.#startRun = db.prepare(startRun);
    this.#endRun = db.prepare(endRun);
    this.#insertStep = db.prepare(insertStep);
  }

  /**
   * Writes the facts (JSON text each) in one transaction and says which of them could not be read.
   * Throws SQLite's error when nothing was written.
   */
  write(texts: readonly string[]): readonly FactRejection[] {
    const { changes, rejections } = readAll(texts);
    if (changes.length > 0) this.#commit(changes);
    return rejections;
  }

  #commit(changes: readonly Change[]): void {
    this.#db.run('BEGIN IMMEDIATE');
    try {
      for (const change of changes) this.#apply(change);
      this.#db.run('COMMIT');
    } catch (error) {
      // SQLite has already ended the transaction itself when the disk is full.
      if (this.#db.inTransaction) this.#db.run('ROLLBACK');
      throw error;
    }
  }

  #apply({ fact, eventName }: Change): void {
    switch (fact.t) {
      case 'event':
        this.#insertEvent.run(...eventRow(fact, eventName));
        return;
      case 'run.scheduled':
        this.#schedule(fact);
        return;
      case 'run.started':
        this.#startRun.run(...startedRow(fact));
        return;
      case 'run.ended':
        this.#endRun.run(...endedRow(fact));
        return;
      case 'step':
        this.#insertStep.run(...stepRow(fact));
        return;
    }
  }

  #schedule(fact: RunScheduledFact): void {
    const { changes } = this.#scheduleRun.run(...scheduledRow(fact));
    if (changes === 0) return;
    for (const eventId of fact.eventIds) this.#insertRunEvent.run(eventId, fact.runId);
  }
}

function readAll(texts: readonly string[]): {
  changes: readonly Change[];
  rejections: readonly FactRejection[];
} {
  const changes: Change[] = [];
  const rejections: FactRejection[] = [];
  for (const [index, text] of texts.entries()) {
    try {
      const fact = parseFact(text);
      changes.push({ fact, eventName: fact.t === 'event' ? eventNameOf(fact.payload) : '' });
    } catch (error) {
      rejections.push({ index, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  return { changes, rejections };
}

function eventRow(fact: EventFact, name: string): Row {
  const isInternal = name.startsWith(internalEventPrefix) ? 1 : 0;
  return [fact.internalId, fact.receivedAtMs, name, isInternal, fact.payload];
}

function scheduledRow(fact: RunScheduledFact): Row {
  return [
    fact.runId,
    fact.functionId,
    fact.functionVersion,
    fact.functionSlug,
    fact.appId,
    JSON.stringify(fact.eventIds),
    fact.eventName,
    fact.cron ?? null,
    fact.batchId ?? null,
    fact.originalRunId ?? null,
    fact.atMs,
  ];
}

function startedRow(fact: RunStartedFact): Row {
  return [fact.runId, fact.atMs];
}

function endedRow(fact: RunEndedFact): Row {
  return [fact.runId, fact.atMs, fact.status, fact.output ?? null];
}

function stepRow(fact: StepFact): Row {
  return [
    fact.runId,
    fact.stepId,
    fact.attempt,
    fact.status,
    occasionMs(fact),
    fact.atMs,
    fact.name,
    fact.kind,
    fact.startedAtMs ?? null,
    fact.durationMs ?? null,
    fact.input ?? null,
    fact.output ?? null,
    fact.detail === undefined ? null : JSON.stringify(fact.detail),
  ];
}

/**
 * A step comes to a status once per attempt. The function body does not: it is called again after every step,
 * each time from attempt 0, so its calls are told apart by their time.
 */
function occasionMs(fact: StepFact): number {
  return fact.stepId === bodyStepId ? fact.atMs : 0;
}

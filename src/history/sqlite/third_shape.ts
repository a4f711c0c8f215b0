/**
 * The third shape: which runs asked a model, and indexes for runs that were deferred and for rows of which nobody knows
 * what they are runs of. Both leave out nearly all runs.
 */
import type { Database } from 'bun:sqlite';

const shape = `
  ALTER TABLE runs ADD COLUMN has_ai INTEGER;
  CREATE INDEX runs_deferred ON runs (scheduled_at_ms) WHERE is_deferred = 1;
  CREATE INDEX runs_unscheduled ON runs (run_id) WHERE scheduled_at_ms IS NULL;`;

/** Of what an older server recorded; facts that are compressed are not looked into. */
const markAi = `
  UPDATE runs SET has_ai = 1 WHERE run_id IN (
    SELECT run_id FROM run_facts WHERE typeof(fact) = 'text'
      AND (instr(fact, '"kind":"aiInfer"') > 0 OR instr(fact, '"kind":"aiWrap"') > 0))`;

export function addMarks(db: Database): void {
  db.run(shape);
  db.run(markAi);
}

/**
 * Deletes what is older than retention keeps, in batches so small that records need not wait for long: runs first,
 * with everything that is theirs, then what happened in runs that stay, then events.
 */
import { ulidFromBytes } from '../../lib/ulid.ts';
import type { Cutoffs, Pruned } from '../history.ts';
import { toTexts } from './run_query.ts';
import { numberOf, type SqlSink } from './source.ts';
import { isIn, tablesOf } from './tables.ts';

/** Runs in one statement; between statements the time is looked at. */
const runsPerStep = 25;
/** Of the runs of one step: one run may have ten thousands. */
const factsPerStepMax = 2_000;
const eventsPerStep = 250;
/** Runs whose traces are looked for in one batch. */
const tracesPerStep = 100;
/** A batch goes on for this long, and then to the end of its step and onto the disk. */
const batchMs = 8;

const nothing: Pruned = { events: 0, runs: 0, traces: 0, hasMore: false };

/** A pruner remembers where it was, so that runs that never end are not looked at again in every batch. */
export class Pruner {
  #traceCursor = '';

  /** Deletes one batch. `hasMore` may be true when only a look remains. */
  async prune(sink: SqlSink, cutoffs: Cutoffs): Promise<Pruned> {
    return sink.transaction(async (tx) => {
      const deadline = performance.now() + batchMs;
      const isTimeLeft = (): boolean => performance.now() < deadline;
      let pruned = nothing;
      if (cutoffs.runsBeforeMs !== null)
        pruned = await pruneRuns(tx, cutoffs.runsBeforeMs, isTimeLeft);
      if (cutoffs.tracesBeforeMs !== null && !pruned.hasMore && isTimeLeft())
        pruned = sum(pruned, await this.#pruneTraces(tx, cutoffs.tracesBeforeMs));
      else if (cutoffs.tracesBeforeMs !== null) pruned = { ...pruned, hasMore: true };
      if (cutoffs.eventsBeforeMs !== null && !pruned.hasMore)
        pruned = sum(pruned, await pruneEvents(tx, cutoffs.eventsBeforeMs, isTimeLeft));
      return pruned;
    });
  }

  /**
   * Run ids are made in the order of time: what happened in runs before the cutoff lies at the beginning. Those that
   * have not ended, or ended later, are passed by; what belongs to no run any more goes too.
   */
  async #pruneTraces(tx: SqlSink, beforeMs: number): Promise<Pruned> {
    const tables = tablesOf(tx);
    const found = await tx.all<{
      run_id: string;
      ended_at_ms: number | string | null;
      known: 0 | 1;
    }>(
      `SELECT f.run_id, r.ended_at_ms, CASE WHEN r.run_id IS NULL THEN 0 ELSE 1 END AS known
       FROM (SELECT DISTINCT run_id FROM ${tables.runFacts}
             WHERE run_id > $1 AND run_id < $2 ORDER BY run_id LIMIT $3) f
       LEFT JOIN ${tables.runs} r ON r.run_id = f.run_id ORDER BY f.run_id`,
      [this.#traceCursor, firstIdAt(beforeMs), tracesPerStep],
    );
    const old = found
      .filter((row) => row.known === 0 || isBefore(row.ended_at_ms, beforeMs))
      .map((row) => row.run_id);
    if (old.length > 0 && !(await deleteFacts(tx, old))) return { ...nothing, hasMore: true };
    const hasMore = found.length === tracesPerStep;
    this.#traceCursor = hasMore ? (found.at(-1)?.run_id ?? '') : '';
    return { ...nothing, traces: old.length, hasMore };
  }
}

function sum(a: Pruned, b: Pruned): Pruned {
  return {
    events: a.events + b.events,
    runs: a.runs + b.runs,
    traces: a.traces + b.traces,
    hasMore: a.hasMore || b.hasMore,
  };
}

function isBefore(atMs: number | string | null, beforeMs: number): boolean {
  return atMs !== null && numberOf(atMs) < beforeMs;
}

/** No id that is made then or later is smaller. */
function firstIdAt(ms: number): string {
  return ulidFromBytes(Math.max(0, Math.floor(ms)), new Uint8Array(10));
}

async function pruneRuns(
  tx: SqlSink,
  beforeMs: number,
  isTimeLeft: () => boolean,
): Promise<Pruned> {
  const { runs } = tablesOf(tx);
  let count = 0;
  for (;;) {
    const found = await tx.all<{ run_id: string; event_ids: string | null }>(
      `SELECT run_id, event_ids FROM ${runs} WHERE ended_at_ms IS NOT NULL AND ended_at_ms < $1
       ORDER BY ended_at_ms LIMIT $2 ${unlocked(tx)}`,
      [beforeMs, runsPerStep],
    );
    if (found.length === 0) return { ...nothing, runs: count };
    const runIds = found.map((row) => row.run_id).sort();
    if (!(await deleteFacts(tx, runIds))) return { ...nothing, runs: count, hasMore: true };
    await deleteTriggers(tx, found);
    count += await tx.run(`DELETE FROM ${runs} WHERE ${isIn(tx.kind, 'run_id', '$1')}`, [
      JSON.stringify(runIds),
    ]);
    if (found.length < runsPerStep) return { ...nothing, runs: count };
    if (!isTimeLeft()) return { ...nothing, runs: count, hasMore: true };
  }
}

/** Rows that another server deletes or writes at this moment are left to it. */
function unlocked({ kind }: SqlSink): string {
  return kind === 'sqlite' ? '' : 'FOR UPDATE SKIP LOCKED';
}

async function deleteTriggers(
  tx: SqlSink,
  runs: readonly { run_id: string; event_ids: string | null }[],
): Promise<void> {
  const eventIds = new Set(runs.flatMap(({ event_ids }) => toTexts(event_ids ?? '[]')));
  const runIds = runs.map(({ run_id }) => run_id);
  await tx.run(
    `DELETE FROM ${tablesOf(tx).runEvents}
     WHERE ${isIn(tx.kind, 'event_id', '$1')} AND ${isIn(tx.kind, 'run_id', '$2')}`,
    [JSON.stringify([...eventIds]), JSON.stringify(runIds)],
  );
}

/** False when there were too many to delete all: some are left. */
async function deleteFacts(tx: SqlSink, runIds: readonly string[]): Promise<boolean> {
  const { runFacts } = tablesOf(tx);
  const isOurs = isIn(tx.kind, 'run_id', '$1');
  const list = JSON.stringify(runIds);
  const [bound] = await tx.all<{ run_id: string; key: string }>(
    `SELECT run_id, key FROM ${runFacts} WHERE ${isOurs} ORDER BY run_id, key LIMIT 1 OFFSET $2`,
    [list, factsPerStepMax],
  );
  if (bound === undefined) {
    await tx.run(`DELETE FROM ${runFacts} WHERE ${isOurs}`, [list]);
    return true;
  }
  await tx.run(
    `DELETE FROM ${runFacts} WHERE ${isOurs} AND (run_id < $2 OR (run_id = $2 AND key < $3))`,
    [list, bound.run_id, bound.key],
  );
  return false;
}

async function pruneEvents(
  tx: SqlSink,
  beforeMs: number,
  isTimeLeft: () => boolean,
): Promise<Pruned> {
  const { events } = tablesOf(tx);
  const key = tx.kind === 'sqlite' ? 'rowid' : 'ctid';
  let count = 0;
  while (isTimeLeft()) {
    const deleted = await tx.run(
      `DELETE FROM ${events} WHERE ${key} IN
         (SELECT ${key} FROM ${events} WHERE received_at_ms < $1
          ORDER BY received_at_ms LIMIT $2 ${unlocked(tx)})`,
      [beforeMs, eventsPerStep],
    );
    count += deleted;
    if (deleted < eventsPerStep) return { ...nothing, events: count };
  }
  return { ...nothing, events: count, hasMore: true };
}

/**
 * Deletes what is older than retention keeps, in batches so small that records need not wait for long: runs first,
 * with everything that is theirs, then events, then what happened in runs that stay.
 */
import type { Cutoffs, Pruned } from '../history.ts';
import { EventSweep } from './event_sweep.ts';
import { deleteFacts } from './fact_deletion.ts';
import { toTexts } from './run_query.ts';
import type { SqlSink } from './source.ts';
import { indexedBy, isIn, tablesOf, unlocked } from './tables.ts';
import { TraceSweep } from './trace_sweep.ts';

/** Runs in one statement; between statements the time is looked at. */
const runsPerStep = 25;
/** A batch goes on for this long, and then to the end of its step and onto the disk. */
const batchMs = 5;

const nothing: Pruned = { events: 0, runs: 0, traces: 0, hasMore: false };

export class Pruner {
  readonly #traces: TraceSweep;
  readonly #events = new EventSweep();

  constructor(nowMs: () => number = Date.now) {
    this.#traces = new TraceSweep(nowMs);
  }

  /** Deletes one batch. `hasMore` may be true when only a look remains. */
  async prune(sink: SqlSink, cutoffs: Cutoffs): Promise<Pruned> {
    const { eventsBeforeMs, runsBeforeMs } = cutoffs;
    // Traces that are kept as long as their runs go with them, except those that came later.
    const tracesBeforeMs = cutoffs.tracesBeforeMs ?? runsBeforeMs;
    return sink.transaction(async (tx) => {
      const deadline = performance.now() + batchMs;
      const isTimeLeft = (): boolean => performance.now() < deadline;
      let pruned = nothing;
      if (runsBeforeMs !== null) pruned = await pruneRuns(tx, runsBeforeMs, isTimeLeft);
      if (runsBeforeMs !== null && !pruned.hasMore)
        pruned = sum(pruned, await pruneUnknownRuns(tx, runsBeforeMs));
      if (eventsBeforeMs !== null && !pruned.hasMore)
        pruned = sum(pruned, await this.#events.prune(tx, eventsBeforeMs, isTimeLeft));
      // Last: it starts over at the beginning, and would leave no time for anything behind it.
      if (tracesBeforeMs !== null && !pruned.hasMore)
        pruned = sum(pruned, await this.#traces.prune(tx, tracesBeforeMs, isTimeLeft));
      return pruned;
    });
  }
}

function sum(a: Pruned, b: Partial<Pruned>): Pruned {
  return {
    events: a.events + (b.events ?? 0),
    runs: a.runs + (b.runs ?? 0),
    traces: a.traces + (b.traces ?? 0),
    hasMore: a.hasMore || b.hasMore === true,
  };
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
    count += await deleteRuns(tx, runIds);
    if (found.length < runsPerStep) return { ...nothing, runs: count };
    if (!isTimeLeft()) return { ...nothing, runs: count, hasMore: true };
  }
}

/**
 * Rows of which only a start is known, or that AI was used: facts that came again after their run had gone. What they
 * are runs of comes no more.
 */
async function pruneUnknownRuns(tx: SqlSink, beforeMs: number): Promise<Partial<Pruned>> {
  const { runs, runFacts } = tablesOf(tx);
  const found = await tx.all<{ run_id: string }>(
    `SELECT run_id FROM ${runs} AS r ${indexedBy(tx.kind, 'runs_unscheduled')}
     WHERE scheduled_at_ms IS NULL AND ended_at_ms IS NULL AND coalesce(started_at_ms, 0) < $1
       AND NOT EXISTS (SELECT 1 FROM ${runFacts} f WHERE f.run_id = r.run_id AND f.at_ms >= $1)
     ORDER BY run_id LIMIT $2 ${unlocked(tx)}`,
    [beforeMs, runsPerStep],
  );
  if (found.length === 0) return {};
  const runIds = found.map((row) => row.run_id);
  if (!(await deleteFacts(tx, runIds))) return { hasMore: true };
  return { runs: await deleteRuns(tx, runIds), hasMore: found.length === runsPerStep };
}

async function deleteRuns(tx: SqlSink, runIds: readonly string[]): Promise<number> {
  return tx.run(`DELETE FROM ${tablesOf(tx).runs} WHERE ${isIn(tx.kind, 'run_id', '$1')}`, [
    JSON.stringify(runIds),
  ]);
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

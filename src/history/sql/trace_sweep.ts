/**
 * Finds what happened in runs before a time, and deletes it. A run's id tells when it was made, so what is old lies at
 * the beginning; but the ids of some runs come from the clocks of apps, or tell no time at all. So an id decides only
 * what is looked at: what goes is decided by the end of the run, or, where no run is known, by the facts themselves.
 */
import { ulidFromBytes, ulidMsMax } from '../../lib/ulid.ts';
import type { Pruned } from '../history.ts';
import { deleteFacts } from './fact_deletion.ts';
import { numberOf, type SqlSink } from './source.ts';
import { tablesOf } from './tables.ts';

/** Runs that are looked at in one statement. */
const runsPerStep = 50;
/** An id that is further ahead than this was not made by a clock that is right. */
const aheadMs = 86_400_000;
/** No id is behind it: the last character there is. */
const lastId = '\u{10FFFF}';

export type Swept = Pick<Pruned, 'traces' | 'hasMore'>;

interface Found {
  readonly run_id: string;
  readonly ended_at_ms: number | string | null;
  readonly is_known: 0 | 1;
  /** Null when the run is known. */
  readonly newest_at_ms: number | string | null;
}

/** Remembers where it was, so that runs that never end are not looked at again in every batch. */
export class TraceSweep {
  readonly #nowMs: () => number;
  #cursor = '';
  #isAhead = false;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  async prune(tx: SqlSink, beforeMs: number, isTimeLeft: () => boolean): Promise<Swept> {
    let traces = 0;
    do {
      const found = await this.#look(tx, beforeMs);
      const old = found.filter((row) => isOld(row, beforeMs)).map((row) => row.run_id);
      if (old.length > 0 && !(await deleteFacts(tx, old))) {
        return { traces, hasMore: true };
      }
      traces += old.length;
      if (this.#isDone(found)) return { traces, hasMore: false };
    } while (isTimeLeft());
    return { traces, hasMore: true };
  }

  /** The next runs: first those whose ids are old, then those whose ids are yet to come. */
  async #look(tx: SqlSink, beforeMs: number): Promise<readonly Found[]> {
    const { runFacts, runs } = tablesOf(tx);
    const end = this.#isAhead ? lastId : firstIdAt(beforeMs);
    // From one run to the next, without going through the facts between.
    return tx.all<Found>(
      `WITH RECURSIVE ids(run_id) AS (
         SELECT (SELECT min(run_id) FROM ${runFacts} WHERE run_id > $1)
         UNION ALL
         SELECT (SELECT min(f.run_id) FROM ${runFacts} f WHERE f.run_id > ids.run_id)
         FROM ids WHERE ids.run_id < $2
       )
       SELECT found.run_id, r.ended_at_ms,
         CASE WHEN r.scheduled_at_ms IS NULL THEN 0 ELSE 1 END AS is_known,
         CASE WHEN r.scheduled_at_ms IS NULL
           THEN (SELECT max(at_ms) FROM ${runFacts} f WHERE f.run_id = found.run_id)
         END AS newest_at_ms
       FROM (SELECT run_id FROM ids WHERE run_id < $2 LIMIT $3) AS found
       LEFT JOIN ${runs} r ON r.run_id = found.run_id ORDER BY found.run_id`,
      [this.#cursor, end, runsPerStep],
    );
  }

  /** Moves on. True when all has been looked at; the next look begins anew. */
  #isDone(found: readonly Found[]): boolean {
    const last = found.at(-1);
    if (last !== undefined && found.length === runsPerStep) {
      this.#cursor = last.run_id;
      return false;
    }
    this.#isAhead = !this.#isAhead;
    this.#cursor = this.#isAhead ? firstIdAt(this.#nowMs() + aheadMs) : '';
    return !this.#isAhead;
  }
}

function isOld(row: Found, beforeMs: number): boolean {
  const atMs = row.is_known === 1 ? row.ended_at_ms : row.newest_at_ms;
  return atMs !== null && numberOf(atMs) < beforeMs;
}

/** No id that is made then or later is smaller. */
function firstIdAt(ms: number): string {
  return ulidFromBytes(Math.min(ulidMsMax, Math.max(0, Math.floor(ms))), new Uint8Array(10));
}

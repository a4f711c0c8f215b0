/**
 * Deletes events that were received before a time, except those of runs that have not ended: a run that sleeps for
 * longer than events are kept still needs what started it, and so does whoever runs it again.
 */
import type { Pruned } from '../history.ts';
import { numberOf, type SqlSink } from './source.ts';
import { tablesOf, unlocked } from './tables.ts';

/** Looked at in one statement. */
const eventsPerStep = 250;

interface Place {
  readonly atMs: number;
  readonly internalId: string;
}

const beginning: Place = { atMs: -1, internalId: '' };

export type SweptEvents = Pick<Pruned, 'events' | 'hasMore'>;

/** Remembers where it was, so that events that stay are not looked at again in every batch. */
export class EventSweep {
  #cursor = beginning;

  async prune(tx: SqlSink, beforeMs: number, isTimeLeft: () => boolean): Promise<SweptEvents> {
    let events = 0;
    while (isTimeLeft()) {
      const end = await this.#endOfStep(tx, beforeMs);
      events += await this.#deleteUntil(tx, end ?? { atMs: beforeMs, internalId: '' });
      this.#cursor = end ?? beginning;
      if (end === null) return { events, hasMore: false };
    }
    return { events, hasMore: true };
  }

  /** The last event of the next step; null when fewer are left. */
  async #endOfStep(tx: SqlSink, beforeMs: number): Promise<Place | null> {
    const [row] = await tx.all<{ received_at_ms: number | string; internal_id: string }>(
      `SELECT received_at_ms, internal_id FROM ${tablesOf(tx).events}
       WHERE received_at_ms < $1 AND (received_at_ms, internal_id) > ($2, $3)
       ORDER BY received_at_ms, internal_id LIMIT 1 OFFSET $4`,
      [beforeMs, this.#cursor.atMs, this.#cursor.internalId, eventsPerStep - 1],
    );
    if (row === undefined) return null;
    return { atMs: numberOf(row.received_at_ms), internalId: row.internal_id };
  }

  #deleteUntil(tx: SqlSink, end: Place): Promise<number> {
    const { events, runEvents, runs } = tablesOf(tx);
    const key = tx.kind === 'sqlite' ? 'rowid' : 'ctid';
    return tx.run(
      `DELETE FROM ${events} WHERE ${key} IN (
         SELECT ${key} FROM ${events} AS old
         WHERE (received_at_ms, internal_id) > ($1, $2)
           AND (received_at_ms, internal_id) <= ($3, $4)
           AND NOT EXISTS (
             SELECT 1 FROM ${runEvents} AS re JOIN ${runs} AS r ON r.run_id = re.run_id
             WHERE re.event_id = old.internal_id
               AND r.scheduled_at_ms IS NOT NULL AND r.ended_at_ms IS NULL)
         ${unlocked(tx)})`,
      [this.#cursor.atMs, this.#cursor.internalId, end.atMs, end.internalId],
    );
  }
}

/** Reads events. */
import type { Database } from 'bun:sqlite';
import type { EventFilter, EventRecord } from '../history.ts';

/** However many the caller asks for: a page is read and sent in one piece. */
const eventsPerPageMax = 1_000;
/**
 * A time window with at most this many events is read through the index by time and sorted; a wider one is
 * walked through by id, where a page fills long before the walk gets far.
 */
const narrowWindowEvents = 5_000;

interface EventRow {
  readonly internal_id: string;
  readonly received_at_ms: number;
  readonly name: string;
  readonly payload: string;
}

interface Condition {
  readonly sql: string;
  readonly value?: string | number;
}

const columns = 'internal_id, received_at_ms, name, payload';

export function readEvents(db: Database, filter: EventFilter): EventRecord[] {
  const conditions = conditionsOf(filter);
  const index = isNarrow(db, filter) ? 'INDEXED BY events_by_received' : '';
  const where =
    conditions.length === 0 ? '' : `WHERE ${conditions.map(({ sql }) => sql).join(' AND ')}`;
  const limit = Math.max(0, Math.min(filter.limit, eventsPerPageMax));
  return db
    .query<EventRow, (string | number)[]>(
      `SELECT ${columns} FROM events ${index} ${where}
       ORDER BY internal_id DESC, received_at_ms DESC LIMIT ?`,
    )
    .all(...conditions.flatMap(({ value }) => value ?? []), limit)
    .map(toRecord);
}

/** The first that was received under this id. */
export function readEvent(db: Database, internalId: string): EventRecord | null {
  const row = db
    .query<EventRow, [string]>(
      `SELECT ${columns} FROM events WHERE internal_id = ? ORDER BY received_at_ms LIMIT 1`,
    )
    .get(internalId);
  return row === null ? null : toRecord(row);
}

function conditionsOf(filter: EventFilter): Condition[] {
  const conditions: Condition[] = [];
  // Written out, not bound: only then does SQLite use the index of what is shown.
  if (filter.includeInternal !== true) conditions.push({ sql: 'is_internal = 0' });
  if (filter.before !== undefined)
    conditions.push({ sql: 'internal_id < ?', value: filter.before });
  if (filter.name !== undefined) conditions.push({ sql: 'name = ?', value: filter.name });
  if (filter.receivedAfterMs !== undefined) {
    conditions.push({ sql: 'received_at_ms >= ?', value: filter.receivedAfterMs });
  }
  if (filter.receivedBeforeMs !== undefined) {
    conditions.push({ sql: 'received_at_ms <= ?', value: filter.receivedBeforeMs });
  }
  return conditions;
}

function isNarrow(db: Database, filter: EventFilter): boolean {
  if (filter.receivedAfterMs === undefined && filter.receivedBeforeMs === undefined) return false;
  const row = db
    .query<{ events: number }, [number, number, number]>(
      `SELECT count(*) AS events FROM
         (SELECT 1 FROM events INDEXED BY events_by_received
          WHERE received_at_ms >= ? AND received_at_ms <= ? LIMIT ?)`,
    )
    .get(
      filter.receivedAfterMs ?? 0,
      filter.receivedBeforeMs ?? Number.MAX_SAFE_INTEGER,
      narrowWindowEvents + 1,
    );
  return row !== null && row.events <= narrowWindowEvents;
}

function toRecord(row: EventRow): EventRecord {
  return {
    internalId: row.internal_id,
    receivedAtMs: row.received_at_ms,
    payload: row.payload,
    name: row.name,
  };
}

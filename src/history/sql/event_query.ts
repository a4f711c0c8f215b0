/** Reads events: single ones, and pages that indexes answer. */
import { internalPrefix } from '../../event/internal.ts';
import type { EventFilter, EventPlace, EventQuery, EventRecord } from '../history.ts';
import { decodePayload, storableText } from './payload.ts';
import { numberOf, Parameters, type SqlSource } from './source.ts';
import { inlineColumns, Room, type Stored } from './stored_text.ts';
import { indexedBy, isIn, tablesOf } from './tables.ts';

/** However many the caller asks for: a page is read and sent in one piece. */
const eventsPerPageMax = 1_000;
/**
 * A time window with at most this many events is read through the index by time and sorted; a wider one is
 * walked through by id, where a page fills long before the walk gets far.
 */
const narrowWindowEvents = 5_000;
/** A page of events with one of a few names is put together from a page of each. */
const namesEachMax = 16;

export interface EventRow {
  readonly internal_id: string;
  readonly received_at_ms: number | string;
  readonly name: string;
  /** Null when it is large. */
  readonly payload: Stored | null;
  readonly payload_bytes: number | string;
}

/** An event whose payload may still have to be read. */
export interface EventSketch extends Omit<EventRecord, 'payload'> {
  readonly payload: string | null;
  /** Of the payload, as it is stored. */
  readonly bytes: number;
}

const eventColumns = `internal_id, received_at_ms, name, ${inlineColumns('payload')}`;

export function toEventSketch(row: EventRow, room: Room): EventSketch {
  return {
    internalId: row.internal_id,
    receivedAtMs: numberOf(row.received_at_ms),
    payload: room.take(row.payload),
    name: row.name,
    bytes: numberOf(row.payload_bytes),
  };
}

function toEventSketches(rows: Iterable<EventRow>): EventSketch[] {
  const room = new Room();
  return Array.from(rows, (row) => toEventSketch(row, room));
}

/** The first that was received under this id. */
export async function readEvent(db: SqlSource, internalId: string): Promise<EventRecord | null> {
  const [row] = await db.all<Omit<EventRow, 'payload'> & { readonly payload: Stored }>(
    `SELECT internal_id, received_at_ms, name, payload FROM ${tablesOf(db).events}
     WHERE internal_id = $1 ORDER BY received_at_ms LIMIT 1`,
    [storableText(internalId)],
  );
  if (row === undefined) return null;
  return {
    internalId: row.internal_id,
    receivedAtMs: numberOf(row.received_at_ms),
    payload: decodePayload(row.payload),
    name: row.name,
  };
}

/** The first that was received under each of these ids. */
export async function readEventsById(
  db: SqlSource,
  internalIds: readonly string[],
): Promise<EventSketch[]> {
  const rows = await db.all<EventRow>(
    `SELECT ${eventColumns} FROM ${tablesOf(db).events} WHERE ${isIn(db.kind, 'internal_id', '$1')}`,
    [JSON.stringify(internalIds.map(storableText))],
  );
  const first = new Map<string, EventRow>();
  for (const row of rows) {
    const known = first.get(row.internal_id);
    const isEarlier =
      known === undefined || numberOf(row.received_at_ms) < numberOf(known.received_at_ms);
    if (isEarlier) first.set(row.internal_id, row);
  }
  return toEventSketches(first.values());
}

/** Newest id first. `query` is not looked at. */
export async function readEvents(db: SqlSource, query: EventQuery): Promise<EventSketch[]> {
  const limit = Math.max(0, Math.min(query.limit, eventsPerPageMax));
  return toEventSketches(await readEventRows(db, query, limit));
}

export async function readEventRows(
  db: SqlSource,
  query: EventQuery,
  limit: number,
  after?: EventPlace,
): Promise<readonly EventRow[]> {
  const names = shownNames(query);
  if (names?.length === 0) return [];
  const isNarrow = await isNarrowWindow(db, query);
  if (names === undefined || names.length <= 1 || isNarrow || names.length > namesEachMax) {
    return readOnePage(db, { ...query, names }, limit, isNarrow, after);
  }
  const pages = await Promise.all(
    names.map((name) => readOnePage(db, { ...query, names: [name] }, limit, false, after)),
  );
  return pages.flat().sort(newestFirst).slice(0, limit);
}

/** Internal names where those are not shown would be looked for in vain, through all of their events. */
function shownNames({ names, includeInternal }: EventFilter): readonly string[] | undefined {
  if (includeInternal === true) return names;
  return names?.filter((name) => !name.startsWith(internalPrefix));
}

/**
 * Whether a walk may meet many events before it has filled its page: those of a time window may lie anywhere in the
 * order of the ids, and no index has the order of many names together.
 */
export function isLongWalk({ names, receivedAfterMs, receivedBeforeMs }: EventQuery): boolean {
  if (receivedAfterMs !== undefined || receivedBeforeMs !== undefined) return true;
  return names !== undefined && names.length > namesEachMax;
}

function newestFirst(a: EventRow, b: EventRow): number {
  if (a.internal_id !== b.internal_id) return a.internal_id < b.internal_id ? 1 : -1;
  return numberOf(b.received_at_ms) - numberOf(a.received_at_ms);
}

async function readOnePage(
  db: SqlSource,
  query: EventQuery,
  limit: number,
  isNarrow: boolean,
  after: EventPlace | undefined,
): Promise<readonly EventRow[]> {
  const parameters = new Parameters();
  const conditions = eventConditions(db, query, parameters);
  const { before } = query;
  if (typeof before === 'string')
    conditions.push(`internal_id < ${parameters.add(storableText(before))}`);
  // The later place of the two: a search is further than where its page began.
  const place = after ?? (typeof before === 'string' ? undefined : before);
  if (place !== undefined) {
    const id = parameters.add(storableText(place.internalId));
    const atMs = parameters.add(place.receivedAtMs);
    conditions.push(`internal_id <= ${id} AND (internal_id < ${id} OR received_at_ms < ${atMs})`);
  }
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  return db.all<EventRow>(
    `SELECT ${eventColumns} FROM ${tablesOf(db).events}
     ${indexedBy(db.kind, isNarrow ? 'events_by_received' : walkedIndex(query))} ${where}
     ORDER BY internal_id DESC, received_at_ms DESC LIMIT ${parameters.add(limit)}`,
    parameters.values,
  );
}

/**
 * The index that has the order of the list. Left alone, SQLite takes the one by time for a window, and then sorts
 * everything that it finds.
 */
function walkedIndex({ names, includeInternal }: EventFilter): string {
  if (names?.length === 1) return 'events_by_name';
  return includeInternal === true ? keyIndex : 'events_shown';
}

/** SQLite's own name for the index behind the key. */
const keyIndex = 'sqlite_autoindex_events_1';

/** `query` is not looked at. */
export async function countEventRows(db: SqlSource, filter: EventFilter): Promise<number> {
  const parameters = new Parameters();
  const conditions = eventConditions(db, filter, parameters);
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  const [row] = await db.all<{ n: number | string }>(
    `SELECT count(*) AS n FROM ${tablesOf(db).events} ${where}`,
    parameters.values,
  );
  return numberOf(row?.n ?? 0);
}

function eventConditions(db: SqlSource, filter: EventFilter, parameters: Parameters): string[] {
  const conditions: string[] = [];
  const names = shownNames(filter);
  // Written out, not bound: only then does SQLite use the index of what is shown. A name that is shown says it itself.
  if (filter.includeInternal !== true && names?.length !== 1) conditions.push('is_internal = 0');
  if (names !== undefined) conditions.push(nameCondition(db, names, parameters));
  if (filter.receivedAfterMs !== undefined)
    conditions.push(`received_at_ms >= ${parameters.add(filter.receivedAfterMs)}`);
  if (filter.receivedBeforeMs !== undefined)
    conditions.push(`received_at_ms <= ${parameters.add(filter.receivedBeforeMs)}`);
  return conditions;
}

function nameCondition(db: SqlSource, names: readonly string[], parameters: Parameters): string {
  const [name] = names;
  if (names.length !== 1 || name === undefined) {
    const list = parameters.add(JSON.stringify(names.map(storableText)));
    return isIn(db.kind, 'name', list);
  }
  const place = parameters.add(storableText(name));
  const isSame = `name = ${place}`;
  // What is in PostgreSQL's index: the beginning of the name.
  return db.kind === 'sqlite' ? isSame : `left(name, 256) = left(${place}, 256) AND ${isSame}`;
}

/** PostgreSQL knows from its statistics; SQLite has to be told. */
async function isNarrowWindow(db: SqlSource, filter: EventFilter): Promise<boolean> {
  if (db.kind !== 'sqlite') return false;
  if (filter.receivedAfterMs === undefined && filter.receivedBeforeMs === undefined) return false;
  const [row] = await db.all<{ n: number }>(
    `SELECT count(*) AS n FROM
       (SELECT 1 FROM events INDEXED BY events_by_received
        WHERE received_at_ms >= $1 AND received_at_ms <= $2 LIMIT $3)`,
    [
      filter.receivedAfterMs ?? 0,
      filter.receivedBeforeMs ?? Number.MAX_SAFE_INTEGER,
      narrowWindowEvents + 1,
    ],
  );
  return row !== undefined && row.n <= narrowWindowEvents;
}

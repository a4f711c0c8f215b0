/** Search over events: walks the list in pieces and lets an expression judge each event, until the page is full. */
import type { EventFilter, EventPlace, EventQuery } from '../history.ts';
import type { EventSearch } from '../search/event_search.ts';
import { type EventRow, type EventSketch, readEventRows, toEventSketch } from './event_query.ts';
import { decodePayload } from './payload.ts';
import type { Breath } from './run_scan.ts';
import { numberOf, type SqlSource } from './source.ts';
import { partsWithin, Room, readStored, type TextPlace } from './stored_text.ts';

/** Events read at once: the first are few, as most searches are answered by them. */
const pieceMin = 100;
const pieceMax = 1_000;
/** Large payloads in memory at once, as they are stored. */
const largeBytesMax = 8 * 1024 * 1024;

export async function searchEvents(
  db: SqlSource,
  query: EventQuery,
  search: EventSearch,
  breath: Breath,
): Promise<readonly EventSketch[]> {
  const found: EventSketch[] = [];
  const room = new Room();
  if (query.limit < 1) return found;
  for await (const row of matchingEvents(db, query, search, breath)) {
    found.push(toEventSketch(row, room));
    if (found.length >= Math.min(query.limit, pieceMax)) break;
  }
  return found;
}

export async function countMatchingEvents(
  db: SqlSource,
  filter: EventFilter,
  search: EventSearch,
  breath: Breath,
): Promise<number> {
  let count = 0;
  for await (const _ of matchingEvents(db, { ...filter, limit: 0 }, search, breath)) count += 1;
  return count;
}

async function* matchingEvents(
  db: SqlSource,
  query: EventQuery,
  search: EventSearch,
  breath: Breath,
): AsyncGenerator<EventRow> {
  const names = namesOfBoth(query.names, search.names);
  let after: EventPlace | undefined;
  let piece = pieceMin;
  for (;;) {
    const rows: readonly EventRow[] = await readEventRows(db, { ...query, names }, piece, after);
    for (const part of partsWithin(rows, largeBytesOf, largeBytesMax)) {
      const large = part.filter((row) => row.payload === null);
      const stored = await readStored(db, large.map(placeOf));
      for (const row of part) {
        const payload = row.payload ?? stored.at(placeOf(row));
        if (payload !== undefined && search.matches(decodePayload(payload))) yield row;
      }
      if (large.length > 0) await breath();
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < piece) return;
    after = { internalId: last.internal_id, receivedAtMs: numberOf(last.received_at_ms) };
    piece = Math.min(pieceMax, piece * 2);
    await breath();
  }
}

function largeBytesOf({ payload, payload_bytes }: EventRow): number {
  return payload === null ? numberOf(payload_bytes) : 0;
}

function placeOf(row: EventRow): TextPlace {
  return {
    of: 'payload',
    internalId: row.internal_id,
    receivedAtMs: numberOf(row.received_at_ms),
    bytes: numberOf(row.payload_bytes),
  };
}

function namesOfBoth(
  wanted: readonly string[] | undefined,
  possible: readonly string[] | null,
): readonly string[] | undefined {
  if (possible === null) return wanted;
  return wanted === undefined ? possible : wanted.filter((name) => possible.includes(name));
}

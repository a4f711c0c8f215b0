/** Search over events: walks the list in pieces and lets an expression judge each event, until the page is full. */
import type { EventFilter, EventQuery, EventRecord } from '../history.ts';
import type { EventSearch } from '../search/event_search.ts';
import { type EventPlace, type EventRow, readEventRows, toEventRecord } from './event_query.ts';
import { decodePayload } from './payload.ts';
import type { Breath } from './run_scan.ts';
import { numberOf, type SqlSource } from './source.ts';

/** Events read at once: the first are few, as most searches are answered by them. */
const pieceMin = 100;
const pieceMax = 1_000;

export async function searchEvents(
  db: SqlSource,
  query: EventQuery,
  search: EventSearch,
  breath: Breath,
): Promise<readonly EventRecord[]> {
  const found: EventRecord[] = [];
  if (query.limit < 1) return found;
  for await (const row of matchingEvents(db, query, search, breath)) {
    found.push(toEventRecord(row));
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
    for (const row of rows) {
      if (search.matches(decodePayload(row.payload))) yield row;
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < piece) return;
    after = { internalId: last.internal_id, receivedAtMs: numberOf(last.received_at_ms) };
    piece = Math.min(pieceMax, piece * 2);
    await breath();
  }
}

function namesOfBoth(
  wanted: readonly string[] | undefined,
  possible: readonly string[] | null,
): readonly string[] | undefined {
  if (possible === null) return wanted;
  return wanted === undefined ? possible : wanted.filter((name) => possible.includes(name));
}

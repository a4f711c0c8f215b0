/** Lists of events (reference/graphql.md §7.2). */
import * as z from 'zod';
import type { EventFilter, EventPlace } from '../../history/history.ts';
import { QueryError } from '../../history/history_error.ts';
import { isUlid } from '../../lib/ulid.ts';
import { wholeReceipts } from '../event_page.ts';
import type { GraphqlContext } from './context.ts';
import { FieldError } from './field_error.ts';

const pageSizeDefault = 40;
/** Of the older list. */
export const legacyPageSize = 40;
const pageSizeMax = 51;
const cursorCharsMax = 256;

interface EventsArguments {
  readonly first?: number | null;
  readonly after?: string | null;
  readonly filter: {
    readonly eventNames?: readonly string[] | null;
    readonly from: number;
    readonly until?: number | null;
    readonly includeInternalEvents: boolean;
    readonly query?: string | null;
  };
}

export async function eventConnection(
  { first, after, filter: input }: EventsArguments,
  context: GraphqlContext,
): Promise<object> {
  const { searches } = context;
  const filter = eventFilter(input);
  const before = after ? placeOf(after) : null;
  const limit = eventPageSize(first);
  // One more than the page holds tells whether another page follows.
  const found = await searching(() =>
    searches.events({ ...filter, limit: limit + 1, ...(before === null ? {} : { before }) }),
  );
  const edges = found.slice(0, limit).map((event) => ({
    node: () => context.show.event(event),
    cursor: cursorOf(event),
  }));
  return {
    edges,
    pageInfo: {
      hasNextPage: found.length > limit,
      hasPreviousPage: before !== null,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    totalCount: () => searching(() => searches.countEvents(filter)),
  };
}

/** The older list: the newest events, or those before one. */
export async function legacyEvents(
  { lastEventId }: { readonly lastEventId?: string | null },
  context: GraphqlContext,
): Promise<readonly object[]> {
  const before = lastEventId?.toUpperCase();
  const query = { limit: legacyPageSize, ...(before === undefined ? {} : { before }) };
  const events = await wholeReceipts(query, context.searches.events);
  return events.map(context.show.legacyEvent);
}

function eventFilter(input: EventsArguments['filter']): EventFilter {
  const { eventNames, from, until, includeInternalEvents, query } = input;
  return {
    receivedAfterMs: from,
    includeInternal: includeInternalEvents,
    ...(eventNames?.length ? { names: eventNames } : {}),
    ...(typeof until === 'number' ? { receivedBeforeMs: until } : {}),
    ...(query && query.trim() !== '' ? { query } : {}),
  };
}

/** What is out of bounds counts as nothing said. */
export function eventPageSize(first: number | null | undefined): number {
  return typeof first === 'number' && first > 0 && first <= pageSizeMax ? first : pageSizeDefault;
}

/** The original has the id alone; ours say which receipt of it they mean. */
const cursorSchema = z.object({
  ID: z.string().toUpperCase().refine(isUlid, 'not a ULID'),
  receivedAt: z.int().min(0).optional(),
});

function cursorOf({ internalId, receivedAtMs }: EventPlace): string {
  const cursor = { ID: internalId, receivedAt: receivedAtMs };
  return Buffer.from(JSON.stringify(cursor)).toString('base64');
}

function placeOf(cursor: string): string | EventPlace {
  const read = cursorSchema.safeParse(decoded(cursor.slice(0, cursorCharsMax)));
  if (read.success) {
    const { ID: internalId, receivedAt: receivedAtMs } = read.data;
    return receivedAtMs === undefined ? internalId : { internalId, receivedAtMs };
  }
  const reason = read.error.issues[0]?.message ?? 'not understood';
  throw new FieldError(`error decoding eventsv2 cursor: ${reason}`);
}

function decoded(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64').toString());
  } catch {
    // Not JSON: the schema says so.
    return undefined;
  }
}

async function searching<T>(search: () => Promise<T>): Promise<T> {
  try {
    return await search();
  } catch (cause) {
    if (!(cause instanceof QueryError)) throw cause;
    throw new QueryError(`error retrieving events: ${cause.message}`, { cause });
  }
}

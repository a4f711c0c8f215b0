/** Pages of events whose cursor is an id, although one id may have been received several times. */
import type { EventQuery, EventRecord } from '../history/history.ts';

/** Of one id: each is a sender's retry. */
const receiptsMax = 100;

/**
 * A page that ends with all receipts of its last id, and so may be longer than asked for: the next one, which begins
 * behind that id, would pass over them.
 */
export async function wholeReceipts(
  query: EventQuery,
  read: (query: EventQuery) => Promise<readonly EventRecord[]>,
): Promise<readonly EventRecord[]> {
  const found = await read({ ...query, limit: query.limit + 1 });
  const page = found.slice(0, query.limit);
  const last = page.at(-1);
  const next = found[query.limit];
  if (last === undefined || next?.internalId !== last.internalId) return page;
  const { internalId, receivedAtMs } = last;
  const more = await read({ ...query, before: { internalId, receivedAtMs }, limit: receiptsMax });
  return [...page, ...more.filter((event) => event.internalId === internalId)];
}

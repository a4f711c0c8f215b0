/** Events and crons in one list, newest first (reference/graphql.md §5). */
import * as z from 'zod';
import { internalEvents } from '../../event/internal.ts';
import type { EventRecord } from '../../history/history.ts';
import { isUlid, ulidTime } from '../../lib/ulid.ts';
import type { GraphqlContext } from './context.ts';
import { begunRunsOf } from './event_view.ts';
import { FieldError } from './field_error.ts';

const limitMax = 100;
/** The default of the schema. */
const limitDefault = 20;

export function streamPageSize(limit = limitDefault): number {
  return Math.min(Math.max(limit, 1), limitMax);
}

interface StreamInput {
  /** Only newer ones. */
  readonly after?: string | null;
  /** Only older ones. */
  readonly before?: string | null;
  readonly limit: number;
  readonly includeInternalEvents: boolean;
}

export async function streamItems(
  { after, before, limit, includeInternalEvents }: StreamInput,
  context: GraphqlContext,
): Promise<readonly object[]> {
  const count = streamPageSize(limit);
  const afterId = idOf(after, 'after');
  const beforeId = idOf(before, 'before');
  const place = {
    limit: count,
    ...(beforeId === null ? {} : { before: beforeId }),
    // One ahead of the id's own millisecond, which holds newer ones, too.
    ...(afterId === null ? {} : { receivedAfterMs: ulidTime(afterId) - 1 }),
  };
  const { searches } = context;
  const cronNames = [internalEvents.scheduledTimer];
  const [events, crons] = await Promise.all([
    searches.events({ ...place, includeInternal: includeInternalEvents }),
    searches.events({ ...place, includeInternal: true, names: cronNames }),
  ]);
  const found = new Map([...events, ...crons].map((event) => [event.internalId, event]));
  return [...found.values()]
    .filter(({ internalId }) => afterId === null || internalId > afterId)
    .sort((a, b) => (a.internalId > b.internalId ? -1 : 1))
    .slice(0, count)
    .map((event) => itemView(event, context));
}

const cronPayload = z.object({ data: z.object({ cron: z.string() }) });

function itemView(event: EventRecord, context: GraphqlContext): object {
  const isCron = event.name === internalEvents.scheduledTimer;
  const cron = isCron ? cronPayload.safeParse(JSON.parse(event.payload)).data?.data.cron : null;
  const runs = async () => begunRunsOf(event, context);
  return {
    id: event.internalId,
    trigger: cron ?? event.name,
    type: isCron ? 'CRON' : 'EVENT',
    createdAt: event.receivedAtMs,
    runs: async () => (await runs()).map(context.show.legacyRun),
    inBatch: async () => (await runs()).some(({ batchId }) => batchId !== null),
  };
}

function idOf(text: string | null | undefined, name: string): string | null {
  if (text === null || text === undefined || text === '') return null;
  const id = text.toUpperCase();
  if (!isUlid(id))
    throw new FieldError(`\`${name}\` must be the id of an item: ${text.slice(0, 60)}`);
  return id;
}

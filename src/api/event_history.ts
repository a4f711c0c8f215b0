/** `GET /v1/events…`: received events and the runs they started (http-api.md §3.2–3.4). */
import { Elysia } from 'elysia';
import { z } from 'zod';
import { accountId, environmentId } from '../function/definition.ts';
import type { EventQuery, EventRecord } from '../history/history.ts';
import { parseDate } from '../lib/date.ts';
import { isUlid } from '../lib/ulid.ts';
import { enveloped } from './answer.ts';
import { requireSigningKey } from './auth.ts';
import { wholeReceipts } from './event_page.ts';
import { Problem } from './problem.ts';
import { isoTime, runObject } from './run_record.ts';
import type { Services } from './services.ts';
import { ulidInPath } from './ulid_param.ts';

const limitDefault = 20;
const limitMax = 51;
const windowMsDefault = 60 * 60 * 1000;
const eventMaxAgeSeconds = 5;
const runsMaxAgeSeconds = 15;

const refusals: Readonly<Record<string, string>> = {
  limit: 'Invalid limit query parameter',
  cursor: 'Invalid cursor query parameter',
  received_after: 'Invalid received_after query parameter',
  received_before: 'Invalid received_before query parameter',
};

const date = z.string().transform(parseDate).pipe(z.number());

export const eventListQuery = z.object({
  limit: z
    .string()
    .regex(/^[+-]?\d+$/)
    .transform(Number)
    .describe('How many at most: 1 to 51, 20 when absent; other numbers are taken for the nearest.')
    .optional(),
  cursor: z
    .string()
    .toUpperCase()
    .refine(isUlid)
    .describe('`internal_id` of the last event seen.')
    .optional(),
  name: z.string().describe('Only events of this name.').optional(),
  received_after: date
    .describe('RFC 3339 or another form of date; an hour ago when absent.')
    .optional(),
  received_before: date.describe('As above; now when absent.').optional(),
});

/** Only the keys that /v1 shows. */
const storedPayload = z.object({
  id: z.string(),
  name: z.string(),
  data: z.unknown().optional(),
  user: z.unknown().optional(),
  ts: z.number().optional(),
  v: z.string().optional(),
});

export const eventSchema = z
  .object({
    internal_id: z.string(),
    account_id: z.string(),
    environment_id: z.string(),
    source: z.string(),
    source_id: z.null(),
    received_at: z.iso.datetime(),
    ...storedPayload.shape,
  })
  .meta({ id: 'Event' });

export function eventHistoryRoutes(services: Services) {
  const { history, clock } = services;
  return new Elysia()
    .onBeforeHandle(requireSigningKey(services))
    .get('/v1/events', async ({ request }) => {
      const nowMs = clock.now();
      const query = queryOf(new URL(request.url).searchParams, nowMs);
      const events = await wholeReceipts(query, (page) => history.events(page, request.signal));
      return enveloped(events.map(eventObject), nowMs);
    })
    .get('/v1/events/:eventId', async ({ request, params }) => {
      const event = await history.event(eventIdOf(request, params.eventId));
      if (event === null) throw new Problem(404, 'Event not found');
      return enveloped(eventObject(event), clock.now(), eventMaxAgeSeconds);
    })
    .get('/v1/events/:eventId/runs', async ({ request, params }) => {
      // An event just accepted may not be in history yet, and senders poll for its runs at once: an event
      // unknown so far has no runs so far.
      const eventId = eventIdOf(request, params.eventId);
      const runs = await history.runsOfEvent(eventId, { withOutput: true });
      return enveloped(runs.map(runObject), clock.now(), runsMaxAgeSeconds);
    });
}

function eventIdOf(request: Request, text: string | null): string {
  return ulidInPath(request, text, 'Invalid event ID');
}

function queryOf(query: URLSearchParams, nowMs: number): EventQuery {
  // An empty parameter counts as absent.
  const given = Object.fromEntries([...query].filter(([, value]) => value !== ''));
  const result = eventListQuery.safeParse(given);
  if (!result.success) {
    const parameter = String(result.error.issues[0]?.path[0] ?? '');
    throw new Problem(400, refusals[parameter] ?? 'Invalid query');
  }
  const { limit, cursor, name, received_after, received_before } = result.data;
  return {
    limit: Math.min(Math.max(limit ?? limitDefault, 1), limitMax),
    ...(cursor === undefined ? {} : { before: cursor }),
    ...(name === undefined ? {} : { names: [name] }),
    receivedAfterMs: received_after ?? nowMs - windowMsDefault,
    receivedBeforeMs: received_before ?? nowMs,
    includeInternal: false,
  };
}

function eventObject(event: EventRecord): z.input<typeof eventSchema> {
  const { id, name, data, user, ts, v } = storedPayload.parse(JSON.parse(event.payload));
  return {
    internal_id: event.internalId,
    account_id: accountId,
    environment_id: environmentId,
    source: '',
    source_id: null,
    received_at: isoTime(event.receivedAtMs),
    // JSON leaves out what is undefined.
    ...{ id, name, data, user, ts, v },
  };
}

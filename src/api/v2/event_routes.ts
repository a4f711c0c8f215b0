/** `POST /v2/events`: one event (http-api.md §7.3). The busy door for events is `/e/{key}`. */
import { z } from 'zod';
import { isInternal } from '../../event/internal.ts';
import {
  eventBytesMax,
  eventNameCharsMax,
  idempotencyKeyOf,
  parseEvent,
} from '../../event/parse.ts';
import { ulid } from '../../lib/ulid.ts';
import { overloaded, Problem } from '../problem.ts';
import { traced } from '../traced.ts';
import type { V2Context } from './context.ts';
import { enveloped, oneSchema } from './envelope.ts';
import { type V2Route, v2Route } from './route.ts';

const tsMin = Date.UTC(1980, 0, 1);
const tsMax = Date.UTC(2100, 0, 1);
const wrongTs = 'ts must be a whole number of milliseconds since 1970';

const bodySchema = z.strictObject({
  name: z
    .string('Event name is required')
    .min(1, { error: 'Event name is required', abort: true })
    .max(eventNameCharsMax, `Event name cannot exceed ${eventNameCharsMax} characters`)
    .refine((name) => !isInternal(name), {
      error: 'Event name is reserved for internal use',
      params: { code: 'invalid_field_format' },
    }),
  data: z.record(z.string(), z.unknown(), 'data must be an object').optional(),
  user: z.record(z.string(), z.unknown(), 'user must be an object').optional(),
  id: z.string().describe('For 24 hours events with the same id start a function once.').optional(),
  ts: z
    .union([z.int(), z.string().regex(/^\d{1,15}$/)], wrongTs)
    .refine((ts) => Number(ts) === 0 || (Number(ts) >= tsMin && Number(ts) <= tsMax), {
      error: 'ts must lie between the years 1980 and 2100',
      params: { code: 'validation_error' },
    })
    .describe('Milliseconds since 1970, as a number or as text.')
    .optional(),
});

export function eventRoutes({ services }: V2Context): readonly V2Route[] {
  const { clock, intake } = services;
  return [
    v2Route({
      id: 'SendEvent',
      method: 'POST',
      path: '/events',
      tag: 'Events',
      summary: 'Send an event',
      description: 'Stores an event and starts what it triggers.',
      body: { schema: bodySchema },
      bodyBytesMax: eventBytesMax,
      answers: {
        200: {
          description: 'The event is stored.',
          schema: oneSchema(z.object({ eventId: z.string() })),
        },
      },
      refusals: { 400: 'The event is not understood.', 413: 'The event is too large.' },
      handle: async ({ request, body }) => {
        if (intake.isOverloaded()) throw overloaded();
        const nowMs = clock.now();
        const internalId = ulid(nowMs);
        const value = { ...body, ts: Number(body.ts ?? 0) };
        const parsed = parseEvent(value, { internalId, nowMs });
        if (!parsed.ok) throw new Problem(400, parsed.message, { code: 'invalid_field_format' });
        const { payload, hasOwnId } = parsed;
        const idempotencyKey = idempotencyKeyOf(payload, hasOwnId, false);
        const event = { internalId, receivedAtMs: nowMs, payload, idempotencyKey };
        await intake.accept(traced([event], request));
        return enveloped({ eventId: internalId }, { nowMs });
      },
    }),
  ];
}

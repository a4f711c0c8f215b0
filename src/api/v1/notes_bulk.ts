/** Notes on `/v1/cancellations`. */
import { z } from 'zod';
import type { RouteNote } from '../openapi/route_note.ts';
import { cancellationBody, cancellationSchema } from './cancellations.ts';
import { envelopeSchema } from './envelope.ts';

const tag = 'Cancellations';

export const bulkNotes: readonly RouteNote[] = [
  {
    id: 'CreateCancellation',
    method: 'POST',
    path: '/cancellations',
    tag,
    summary: 'Cancel many runs',
    description:
      'Cancels the runs of a function in a window of time that have not ended. app_id, function_id and started_before are required. The work goes on by itself.',
    body: { schema: cancellationBody },
    answers: {
      200: { description: 'It is stored.', schema: envelopeSchema(cancellationSchema) },
    },
    refusals: {
      400: 'Something is missing or makes no sense; a line each.',
      404: 'There is no such function.',
      413: 'The body is too large.',
      429: 'As many operations on many runs are under way as there may be.',
    },
  },
  {
    id: 'ListCancellations',
    method: 'GET',
    path: '/cancellations',
    tag,
    summary: 'List cancellations',
    description: 'Those under way and those that have ended, newest first.',
    answers: {
      200: { description: 'All of them.', schema: envelopeSchema(z.array(cancellationSchema)) },
    },
  },
  {
    id: 'DeleteCancellation',
    method: 'DELETE',
    path: '/cancellations/:cancellationId',
    tag,
    summary: 'Stop a cancellation',
    description: 'What is cancelled stays cancelled.',
    params: { cancellationId: 'ULID of the cancellation.' },
    answers: {
      200: {
        description: 'It has stopped.',
        schema: envelopeSchema(z.object({ ok: z.literal(true) })),
      },
    },
    refusals: { 400: 'That is no id.', 404: 'There is no such cancellation.' },
  },
];

/** What answers of /v1 look like, for the document (http-api.md §0.5, §3.1). */
import { z } from 'zod';

export function envelopeSchema(data: z.ZodType) {
  return z.object({
    data: data,
    metadata: z.object({
      fetched_at: z.iso.datetime(),
      cached_until: z.iso.datetime().nullable(),
    }),
  });
}

export const errorSchema = z
  .object({
    code: z.string().describe('A stable word for programs, where there is one.').optional(),
    error: z.string(),
    data: z.record(z.string(), z.unknown()).nullable(),
    status: z.int().describe('The HTTP status again.'),
  })
  .meta({ id: 'Error' });

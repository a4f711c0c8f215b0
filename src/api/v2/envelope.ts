/** The envelope of /v2 and its errors (http-api.md §7.1, §7.2). */
import { z } from 'zod';
import { json } from '../answer.ts';
import { messageOf, timestamp } from './message.ts';

export interface PageNote {
  /** Of the last element; null when there is none. */
  readonly cursor: string | null;
  readonly hasMore: boolean;
  readonly limit: number;
}

export interface EnvelopeOptions {
  readonly nowMs: number;
  readonly page?: PageNote;
  readonly status?: number;
}

export function enveloped(data: unknown, { nowMs, page, status }: EnvelopeOptions): Response {
  const body = { data, metadata: { fetchedAt: timestamp(nowMs) }, page: page ?? {} };
  return json(messageOf(body), status === undefined ? {} : { status });
}

const metadataSchema = z.object({ fetchedAt: z.iso.datetime() }).meta({ id: 'ResponseMetadata' });
const pageSchema = z
  .object({
    cursor: z.string().describe('Give it back as `cursor` for what follows.').optional(),
    hasMore: z.boolean().optional(),
    limit: z.int().optional(),
  })
  .meta({ id: 'Page' });

/** The envelope around one message. */
export function oneSchema(data: z.ZodType) {
  return z.object({ data: data, metadata: metadataSchema, page: pageSchema });
}

/** The envelope around a list; an empty one is left out. */
export function listSchema(element: z.ZodType) {
  return z.object({
    data: z.array(element).optional(),
    metadata: metadataSchema,
    page: pageSchema,
  });
}

export interface ErrorNote {
  readonly code: string;
  readonly message: string;
}

export const errorSchema = z
  .object({ errors: z.array(z.object({ code: z.string(), message: z.string() })).min(1) })
  .meta({ id: 'Errors' });

export function refused(
  status: number,
  errors: readonly ErrorNote[],
  headers: Readonly<Record<string, string>> = {},
): Response {
  return json({ errors }, { status, headers });
}

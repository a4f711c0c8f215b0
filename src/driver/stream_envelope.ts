/** The envelope of a streamed 201 answer: heartbeat spaces, then one object that holds the real answer (reference/sdk-http-protocol.md §3.4). */

import { z } from 'zod';

export interface Envelope {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const envelopeSchema = z.object({
  status: z.number().int().min(100).max(599),
  headers: z.record(z.string(), z.unknown()).nullish(),
  body: z.unknown().optional(),
  error: z.unknown().optional(),
  // Go puts these beside the headers instead of into them.
  retryAt: z.string().nullish(),
  noRetry: z.boolean().nullish(),
});

/** The inner answer, or a text that says which part of the envelope is wrong. */
export function openEnvelope(body: string): Envelope | string {
  if (body.trim() === '') return 'the stream ended before the answer';
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch (error) {
    return `the stream is not JSON: ${error instanceof Error ? error.message : 'unreadable'}`;
  }
  const envelope = envelopeSchema.safeParse(json);
  if (!envelope.success) {
    const issue = envelope.error.issues[0];
    return `${issue?.path.join('.') || 'envelope'}: ${issue?.message ?? 'not an envelope'}`;
  }
  const { status, error } = envelope.data;
  if (error != null) return `error: ${typeof error === 'string' ? error : JSON.stringify(error)}`;
  return { status, headers: headersOf(envelope.data), body: bodyOf(envelope.data.body) };
}

function headersOf(envelope: z.infer<typeof envelopeSchema>): Record<string, string> {
  const headers: Record<string, string> = {};
  if (envelope.retryAt) headers['retry-after'] = envelope.retryAt;
  if (envelope.noRetry) headers['x-inngest-no-retry'] = 'true';
  for (const [name, value] of Object.entries(envelope.headers ?? {})) {
    const first: unknown = Array.isArray(value) ? value[0] : value;
    if (first !== null && first !== undefined) headers[name.toLowerCase()] = String(first);
  }
  return headers;
}

/** JS and Python send the body as a JSON string, Go as a JSON value. */
function bodyOf(body: unknown): string {
  if (typeof body === 'string') return body;
  return body === undefined ? '' : JSON.stringify(body);
}

/**
 * Names of payloads: base64 of JSON (graphql.md §11). Ours say by themselves where the payload is (`at`); ids that
 * only name a span and its run are understood, too.
 */
import { z } from 'zod';

/** Where a payload is kept. */
export type OutputPlace =
  | { readonly of: 'run' }
  | { readonly of: 'step'; readonly stepId: string; readonly attempt: number }
  | { readonly of: 'call'; readonly callId: string };

export interface OutputId {
  readonly runId: string;
  readonly spanId: string;
  /** Of the current tree; the legacy tree has ids without the mark. */
  readonly isPreview: boolean;
  /** Null when only the span's id tells. */
  readonly place: OutputPlace | null;
}

const placeSchema = z.discriminatedUnion('of', [
  z.object({ of: z.literal('run') }),
  z.object({ of: z.literal('step'), stepId: z.string(), attempt: z.int() }),
  z.object({ of: z.literal('call'), callId: z.string() }),
]);

const idSchema = z.object({
  sid: z.string(),
  rid: z.string().optional(),
  preview: z.boolean().nullish(),
  at: placeSchema.optional(),
});

export class OutputIdError extends Error {
  override readonly name = 'OutputIdError';
}

/** Trees hold thousands of ids, and `btoa`, which knows no other letters, is several times faster than a Buffer. */
const beyondAscii = /[^\0-\x7f]/g;

function escaped(letter: string): string {
  return `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

export function encodeOutputId({ runId, spanId, isPreview, place }: OutputId): string {
  const text = JSON.stringify({
    rid: runId,
    sid: spanId,
    ...(isPreview && { preview: true }),
    ...(place !== null && { at: place }),
  });
  return btoa(text.replace(beyondAscii, escaped));
}

/** Throws `OutputIdError` when the text is no id. `runId` is empty when it does not name a run. */
export function decodeOutputId(text: string): OutputId {
  const { sid, rid, preview, at } = parsed(text);
  return { runId: rid ?? '', spanId: sid, isPreview: preview === true, place: at ?? null };
}

function parsed(text: string): z.infer<typeof idSchema> {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(text, 'base64').toString('utf8'));
  } catch (cause) {
    throw new OutputIdError('it is not base64 of JSON', { cause });
  }
  const result = idSchema.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new OutputIdError(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'is no id'}`);
}

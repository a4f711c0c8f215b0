/** Reads request bodies: every one has a limit, and JSON passes a schema before anything looks at it. */
import type { z } from 'zod';
import { Problem } from './problem.ts';

export const mebibyte = 1024 * 1024;

export interface JsonRule<T> {
  readonly schema: z.ZodType<T>;
  readonly bytesMax: number;
  /** Begins the message of a refusal, for example `Invalid request body`. */
  readonly refusal: string;
}

/** The body as text. Throws `Problem` 413 past the limit and 400 when the sender stops half-way. */
export async function readText(request: Request, bytesMax: number): Promise<string> {
  const declared = request.headers.get('content-length');
  if (declared === null) return decoded(await readChunks(request, bytesMax));
  if (Number(declared) > bytesMax) throw tooLarge(bytesMax);
  // The HTTP parser holds senders to the length they declare, so this read is bounded.
  return await request.text().catch(refuseBroken);
}

/** The body as it is. Throws as `readText` does. */
export async function readBytes(request: Request, bytesMax: number): Promise<Uint8Array> {
  return Buffer.concat(await readChunks(request, bytesMax));
}

/** The body as JSON that fits the rule's schema. Throws `Problem` 400 or 413. */
export async function readJson<T>(request: Request, rule: JsonRule<T>): Promise<T> {
  const text = await readText(request, rule.bytesMax);
  return checked(parsed(text, rule.refusal), rule);
}

/** `value` as the rule's schema sees it. Throws `Problem` 400 that names the first field that does not fit. */
export function checked<T>(value: unknown, rule: Omit<JsonRule<T>, 'bytesMax'>): T {
  const result = rule.schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const place = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `;
  throw new Problem(400, `${rule.refusal}: ${place}${issue?.message ?? 'not understood'}`);
}

function parsed(text: string, refusal: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Problem(400, `${refusal}: ${reason}`, { cause });
  }
}

async function readChunks(request: Request, bytesMax: number): Promise<readonly Uint8Array[]> {
  if (request.body === null) return [];
  const reader = request.body.getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read().catch(refuseBroken);
    if (done) return chunks;
    bytes += value.byteLength;
    if (bytes > bytesMax) {
      // The refusal stands whether or not the sender hears that it should stop.
      await reader.cancel().catch(() => undefined);
      throw tooLarge(bytesMax);
    }
    chunks.push(value);
  }
}

function decoded(chunks: readonly Uint8Array[]): string {
  return new TextDecoder().decode(Buffer.concat(chunks));
}

function tooLarge(bytesMax: number): Problem {
  return new Problem(413, `The request body is larger than ${bytesMax} bytes; send less at once.`);
}

function refuseBroken(cause: unknown): never {
  throw new Problem(400, 'The request body ended before it was complete.', { cause });
}

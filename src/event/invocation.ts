/** `POST /invoke/{slug}`: an event that starts exactly one function (http-api.md §1.8). */
import { ulid } from '../lib/ulid.ts';
import type { ReceivedEvent } from './event.ts';
import { internalDataKey, internalEvents } from './internal.ts';
import { isJsonObject } from './member.ts';
import {
  type EventBodyOptions,
  eventBytesMax,
  idempotencyKeyOf,
  parseFields,
  parseJsonBody,
} from './parse.ts';
import { seededId } from './seed.ts';

export type ParsedInvocation =
  | { readonly ok: true; readonly event: ReceivedEvent }
  | { readonly ok: false; readonly message: string };

/** `slug` is the function's slug or UUID, already URL-decoded. It is not checked to exist. */
export function parseInvocation(
  text: string,
  slug: string,
  { seed, nowMs, keyIndexBase }: EventBodyOptions,
): ParsedInvocation {
  const body = parseJsonBody(text, null);
  if (!body.ok) return body;
  if (!isJsonObject(body.value)) {
    return { ok: false, message: 'Request body must be an event object, for example {"data":{}}' };
  }
  const bytes = Buffer.byteLength(text);
  if (bytes > eventBytesMax) {
    const sizes = `Max ${eventBytesMax} bytes / Size ${bytes} bytes`;
    return { ok: false, message: `Event is over the max size: ${sizes}` };
  }
  const internalId = seed === null ? ulid(nowMs) : seededId(seed, keyIndexBase);
  const parsed = parseFields(body.value, internalEvents.invoked, { internalId, nowMs });
  if (!parsed.ok) return parsed;
  const data = { ...parsed.payload.data, [internalDataKey]: { fn_id: slug } };
  const payload = { ...parsed.payload, data };
  const idempotencyKey = idempotencyKeyOf(payload, parsed.hasOwnId, seed !== null);
  return { ok: true, event: { internalId, receivedAtMs: nowMs, payload, idempotencyKey } };
}

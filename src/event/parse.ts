/**
 * The door for events: a request body becomes accepted events or one message that says which event and
 * which field is wrong (http-api.md §1.3–1.6). A body with a malformed event is refused whole, so that a
 * sender never has to find out which half of its request was taken.
 */
import { ulid } from '../lib/ulid.ts';
import type { EventPayload, ReceivedEvent } from './event.ts';
import { internalDataKey, isInternal } from './internal.ts';
import { faultIn } from './json_value.ts';
import { isJsonObject, type JsonObject, memberOf } from './member.ts';
import { type EventSeed, seededId } from './seed.ts';
import { parseSessions } from './sessions.ts';

export const eventBytesMax = 3 * 1024 * 1024;
export const eventsPerRequestMax = 5000;
/** Longer names would make the list of trigger patterns that they match too long. */
export const eventNameCharsMax = 512;
const tsMin = Date.UTC(1980, 0, 1);
const tsMax = Date.UTC(2100, 0, 1);

export interface EventOrigin {
  /** Id given by the server; the event's own id when the sender names none. */
  readonly internalId: string;
  readonly nowMs: number;
}

export type ParsedEvent =
  | { readonly ok: true; readonly payload: EventPayload; readonly hasOwnId: boolean }
  | { readonly ok: false; readonly message: string };

export interface EventBodyOptions {
  readonly seed: EventSeed | null;
  readonly nowMs: number;
  /** Seed index of the first event: 1 on `/e`, 0 on `/invoke`. */
  readonly keyIndexBase: number;
}

export type ParsedEventBody =
  | { readonly ok: true; readonly events: readonly ReceivedEvent[] }
  | { readonly ok: false; readonly message: string };

/**
 * Parses a request body: one event object or an array of them. An empty body and `[]` are no events.
 * `message` of a refusal begins with `events[<index>]: ` when the body is an array.
 */
export function parseEventBody(
  text: string,
  contentType: string | null,
  options: EventBodyOptions,
): ParsedEventBody {
  const body = parseJsonBody(text, contentType);
  if (!body.ok) return body;
  if (body.value === undefined) return { ok: true, events: [] };
  const isLarge = isLongerThan(text, eventBytesMax);
  if (!Array.isArray(body.value)) {
    if (!isJsonObject(body.value)) {
      return refuse('Request body must contain an event object or an array of event objects');
    }
    if (isLarge) return refuse(tooLarge(Buffer.byteLength(text)));
    const received = receive(body.value, 0, options);
    return received.ok ? { ok: true, events: [received.event] } : received;
  }
  return receiveAll(body.value, isLarge, options);
}

/** Parses one event of a sender. Fields match in any letter case; unknown ones are left out. */
export function parseEvent(value: unknown, origin: EventOrigin): ParsedEvent {
  if (!isJsonObject(value)) return refuse('an event must be an object');
  const name = memberOf(value, 'name') ?? '';
  if (typeof name !== 'string') return refuse('name must be a string');
  if (name === '') return refuse('event name is empty');
  if (name.length > eventNameCharsMax) {
    return refuse(
      `event name has ${name.length} characters; at most ${eventNameCharsMax} are allowed`,
    );
  }
  if (isInternal(name)) return refuse(`event name is reserved for internal use: ${name}`);
  return parseFields(value, name, origin);
}

/** Parses every field but the name, which the caller vouches for: `/invoke` gives it itself. */
export function parseFields(value: JsonObject, name: string, origin: EventOrigin): ParsedEvent {
  const id = memberOf(value, 'id') ?? '';
  if (typeof id !== 'string') return refuse('id must be a string');
  const v = memberOf(value, 'v') ?? undefined;
  if (v !== undefined && typeof v !== 'string') return refuse('v must be a string');
  const ts = memberOf(value, 'ts') ?? 0;
  const tsFault = faultOfTs(ts);
  if (typeof ts !== 'number' || tsFault !== null) return refuse(tsFault ?? 'ts must be a number');
  const data = memberOf(value, 'data') ?? {};
  const dataFault = faultOfMap(data, 'data');
  if (!isJsonObject(data) || dataFault !== null)
    return refuse(dataFault ?? 'data must be an object');
  const user = memberOf(value, 'user') ?? {};
  const userFault = faultOfMap(user, 'user');
  if (!isJsonObject(user) || userFault !== null)
    return refuse(userFault ?? 'user must be an object');
  const resolved = parseSessions(memberOf(value, 'meta'));
  if (!resolved.ok) return resolved;

  const hasOwnId = id.trim() !== '';
  const payload: EventPayload = {
    name,
    data: withoutInternal(data),
    user,
    id: hasOwnId ? id : origin.internalId,
    ts: ts === 0 ? origin.nowMs : ts,
    ...(v === undefined ? {} : { v }),
    ...(resolved.sessions === null ? {} : { meta: { sessions: resolved.sessions } }),
  };
  return { ok: true, payload, hasOwnId };
}

/**
 * Reads a body as JSON; `value` is undefined for an empty one. Forms are named in the refusal, because a
 * sender of a form will not expect a JSON syntax error. The content type is not looked at otherwise.
 */
export function parseJsonBody(
  text: string,
  contentType: string | null,
):
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly message: string } {
  if (text.trim() === '') return { ok: true, value: undefined };
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch (error) {
    const type = (contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
    if (type === 'multipart/form-data' || type === 'application/x-www-form-urlencoded') {
      return refuse(`Request body must be JSON, not ${type}`);
    }
    return refuse(
      `Request body is not valid JSON: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** The key under which functions start once for this event; see `ReceivedEvent`. */
export function idempotencyKeyOf(
  parsed: EventPayload,
  hasOwnId: boolean,
  isSeeded: boolean,
): string {
  return hasOwnId || isSeeded ? parsed.id : '';
}

function receiveAll(
  values: readonly unknown[],
  isLarge: boolean,
  options: EventBodyOptions,
): ParsedEventBody {
  if (values.length > eventsPerRequestMax) {
    const count = `this one has ${values.length}; split it`;
    return refuse(`Cannot have more than ${eventsPerRequestMax} events in a batch; ${count}`);
  }
  const events: ReceivedEvent[] = [];
  for (const [index, value] of values.entries()) {
    const received = receive(value, index, options);
    if (!received.ok) return refuse(`events[${index}]: ${received.message}`);
    // Counted only when the body is large enough to hold one too many, and only after the event is known
    // not to be nested too deeply to be written.
    const bytes = isLarge ? Buffer.byteLength(JSON.stringify(received.event.payload)) : 0;
    if (bytes > eventBytesMax) return refuse(`events[${index}]: ${tooLarge(bytes)}`);
    events.push(received.event);
  }
  return { ok: true, events };
}

function receive(
  value: unknown,
  index: number,
  { seed, nowMs, keyIndexBase }: EventBodyOptions,
):
  | { readonly ok: true; readonly event: ReceivedEvent }
  | { readonly ok: false; readonly message: string } {
  const internalId = seed === null ? ulid(nowMs) : seededId(seed, keyIndexBase + index);
  const parsed = parseEvent(value, { internalId, nowMs });
  if (!parsed.ok) return parsed;
  const { payload, hasOwnId } = parsed;
  const idempotencyKey = idempotencyKeyOf(payload, hasOwnId, seed !== null);
  return { ok: true, event: { internalId, receivedAtMs: nowMs, payload, idempotencyKey } };
}

function faultOfTs(ts: unknown): string | null {
  if (typeof ts !== 'number' || !Number.isInteger(ts)) {
    return 'ts must be a whole number of milliseconds since 1970';
  }
  if (ts === 0) return null;
  if (ts < tsMin) return 'ts: timestamp is before Jan 1, 1980';
  return ts > tsMax ? 'ts: timestamp is after Jan 1, 2100' : null;
}

function faultOfMap(value: unknown, field: string): string | null {
  if (!isJsonObject(value)) return `${field} must be an object`;
  const fault = faultIn(value);
  return fault === null ? null : `${field}${fault}`;
}

/** What the server writes under `_inngest` decides which function runs, so a sender's is dropped. */
function withoutInternal(data: JsonObject): JsonObject {
  if (!Object.hasOwn(data, internalDataKey)) return data;
  const { [internalDataKey]: _, ...rest } = data;
  return rest;
}

/** Compares in bytes of UTF-8, of which a UTF-16 unit needs at most three. */
function isLongerThan(text: string, bytesMax: number): boolean {
  return text.length * 3 > bytesMax && Buffer.byteLength(text) > bytesMax;
}

function tooLarge(bytes: number): string {
  return `Event is over the max size: Max ${eventBytesMax} bytes / Size ${bytes} bytes`;
}

function refuse(message: string): { readonly ok: false; readonly message: string } {
  return { ok: false, message };
}

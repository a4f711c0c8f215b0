/** Accepted events on their way to delivery: an item of the `events` partition holds some of them. */
import { z } from 'zod';
import type { EventPayload, ReceivedEvent } from '../event/event.ts';
import { factText } from '../history/fact.ts';
import { canonicalJson } from '../lib/canonical_json.ts';
import type { NewItem } from './item.ts';

/** Events per item: small enough that one delivery is short, large enough that a batch costs little. */
export const eventsPerItem = 50;
/** Bytes of an item with several events: items are copied through Lua, many at a time (queue_take). */
export const itemBytesMax = 1024 * 1024;
/** Delivery is retried for as long as it takes: the events were acknowledged. */
const attemptsMax = 1_000_000;

/** An event as it waits for delivery; its payload is parsed only when something may want it. */
export interface WaitingEvent {
  readonly internalId: string;
  readonly receivedAtMs: number;
  readonly idempotencyKey: string;
  readonly name: string;
  /** Canonical JSON text of the payload. */
  readonly payload: string;
  /** As in `ReceivedEvent`. */
  readonly traceparent?: string;
}

const rowSchema = z.array(
  z.tuple([
    z.string(),
    z.number(),
    z.string(),
    z.string(),
    z.string(),
    // Most senders are in no trace, and neither are rows of older servers.
    z.string().optional(),
  ]),
);

function waitingEvent(event: ReceivedEvent): WaitingEvent {
  return {
    internalId: event.internalId,
    receivedAtMs: event.receivedAtMs,
    idempotencyKey: event.idempotencyKey,
    name: event.payload.name,
    payload: canonicalJson(event.payload),
    ...(event.traceparent !== undefined && { traceparent: event.traceparent }),
  };
}

function rowText(event: WaitingEvent): string {
  const { internalId, receivedAtMs, idempotencyKey, name, payload, traceparent } = event;
  const row = [internalId, receivedAtMs, idempotencyKey, name, payload];
  return JSON.stringify(traceparent === undefined ? row : [...row, traceparent]);
}

interface Chunk {
  readonly waiting: readonly WaitingEvent[];
  /** What the item holds: a row per event. */
  readonly data: string;
}

/** Events in their order, as many together as the two bounds allow; one over the bound of bytes stays alone. */
function chunksOf(events: readonly ReceivedEvent[]): Chunk[] {
  const chunks: Chunk[] = [];
  let waiting: WaitingEvent[] = [];
  let rows: string[] = [];
  let bytes = 0;
  const close = (): void => {
    if (waiting.length > 0) chunks.push({ waiting, data: `[${rows.join(',')}]` });
    waiting = [];
    rows = [];
    // The list's brackets; a row brings its comma.
    bytes = 1;
  };
  close();
  for (const event of events.map(waitingEvent)) {
    const row = rowText(event);
    const rowBytes = Buffer.byteLength(row) + 1;
    if (waiting.length === eventsPerItem || bytes + rowBytes > itemBytesMax) close();
    waiting.push(event);
    rows.push(row);
    bytes += rowBytes;
  }
  close();
  return chunks;
}

export interface Intake {
  readonly items: readonly NewItem[];
  readonly facts: readonly string[];
}

/** What has to be stored for events to be delivered and seen. */
export function intakeOf(events: readonly ReceivedEvent[]): Intake {
  const items: NewItem[] = [];
  const facts: string[] = [];
  for (const { waiting, data } of chunksOf(events)) {
    const [first] = waiting;
    if (first === undefined) continue;
    items.push({
      id: `events.${first.internalId}.${waiting.length}`,
      partition: 'events',
      kind: 'events',
      runId: '',
      atMs: first.receivedAtMs,
      scoreMs: first.receivedAtMs,
      attemptsMax,
      data,
    });
    for (const { internalId, receivedAtMs, payload } of waiting) {
      facts.push(factText({ t: 'event', internalId, receivedAtMs, payload }));
    }
  }
  return { items, facts };
}

export function waitingEvents(itemData: string): WaitingEvent[] {
  return rowSchema
    .parse(JSON.parse(itemData))
    .map(([internalId, receivedAtMs, idempotencyKey, name, payload, traceparent]) => ({
      internalId,
      receivedAtMs,
      idempotencyKey,
      name,
      payload,
      ...(traceparent !== undefined && { traceparent }),
    }));
}

export function payloadOf(event: WaitingEvent): EventPayload {
  // The text was written from an EventPayload.
  return JSON.parse(event.payload) as EventPayload;
}

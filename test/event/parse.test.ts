import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { ReceivedEvent } from '../../src/event/event.ts';
import { eventBytesMax, eventsPerRequestMax, parseEventBody } from '../../src/event/parse.ts';
import { type EventSeed, parseSeed } from '../../src/event/seed.ts';
import { isUlid, ulidTime } from '../../src/lib/ulid.ts';

const nowMs = Date.UTC(2026, 10, 21);

function parse(
  text: string,
  seed: EventSeed | null = null,
  contentType: string | null = 'application/json',
) {
  return parseEventBody(text, contentType, { seed, nowMs, keyIndexBase: 1 });
}

function accepted(text: string, seed: EventSeed | null = null): readonly ReceivedEvent[] {
  const parsed = parse(text, seed);
  if (!parsed.ok) throw new Error(`refused: ${parsed.message}`);
  return parsed.events;
}

function one(event: unknown): ReceivedEvent {
  const [received] = accepted(JSON.stringify(event));
  if (received === undefined) throw new Error('no event');
  return received;
}

function refusal(body: unknown): string {
  const parsed = parse(typeof body === 'string' ? body : JSON.stringify(body));
  return parsed.ok ? 'accepted' : parsed.message;
}

describe('the body of an event request', () => {
  test('one object is one event with defaults for all that it leaves out', () => {
    const event = one({ name: 'shop/order.placed' });
    expect(isUlid(event.internalId)).toBe(true);
    expect(ulidTime(event.internalId)).toBe(nowMs);
    expect(event.idempotencyKey).toBe('');
    expect(event.receivedAtMs).toBe(nowMs);
    expect(event.payload).toEqual({
      ...{ name: 'shop/order.placed', data: {}, user: {} },
      ...{ id: event.internalId, ts: nowMs },
    });
  });

  test('the events of an array keep their order, and so do their ids', () => {
    const events = accepted(JSON.stringify([{ name: 'a' }, { name: 'b' }, { name: 'c' }]));
    expect(events.map(({ payload }) => payload.name)).toEqual(['a', 'b', 'c']);
    const ids = events.map(({ internalId }) => internalId);
    expect([...ids].sort()).toEqual(ids);
  });

  test('an empty body and an empty array are no events', () => {
    expect(accepted('')).toEqual([]);
    expect(accepted(' \n')).toEqual([]);
    expect(accepted('[]')).toEqual([]);
  });

  test('one malformed event refuses the whole request and is named', () => {
    const events = [{ name: 'a' }, { name: 'b' }, { name: 'c' }, { name: 'd', data: [] }];
    expect(refusal(events)).toBe('events[3]: data must be an object');
    expect(refusal([{ name: 'a' }, null])).toBe('events[1]: an event must be an object');
  });

  test('anything but an object or an array is refused', () => {
    for (const body of ['5', '"a"', 'true', 'null']) {
      expect(refusal(body)).toBe(
        'Request body must contain an event object or an array of event objects',
      );
    }
  });

  test('JSON that ends early or goes on after the event is refused', () => {
    for (const body of [
      '{"name":"a"',
      '{"name":"a"}{"name":"b"}',
      'NaN',
      '[{"name":"a"},]',
      '['.repeat(1e5),
    ]) {
      expect(refusal(body)).toStartWith('Request body is not valid JSON');
    }
  });

  test('a form is refused by its name, but JSON that is labelled as a form is taken', () => {
    const type = 'application/x-www-form-urlencoded; charset=utf-8';
    expect(parse('name=a&data=b', null, type)).toEqual({
      ok: false,
      message: 'Request body must be JSON, not application/x-www-form-urlencoded',
    });
    expect(parse('{"name":"a"}', null, type).ok).toBe(true);
  });

  test('more than 5000 events are refused and 5000 are taken', () => {
    const events = Array.from({ length: eventsPerRequestMax }, () => ({ name: 'a' }));
    expect(accepted(JSON.stringify(events))).toHaveLength(5000);
    expect(refusal([...events, { name: 'a' }])).toContain(
      'Cannot have more than 5000 events in a batch',
    );
  });

  test('an event of more than 3 MiB is refused, alone and among others', () => {
    const large = { name: 'a', data: { text: 'x'.repeat(eventBytesMax) } };
    expect(refusal(large)).toContain('Event is over the max size: Max 3145728 bytes / Size ');
    expect(refusal([{ name: 'a' }, large])).toStartWith('events[1]: Event is over the max size');
    const half = { name: 'a', data: { text: 'ä'.repeat(eventBytesMax / 4) } };
    expect(accepted(JSON.stringify([half, half, half]))).toHaveLength(3);
  });
});

describe('the fields of an event', () => {
  test('keys match in any letter case, and the usual spelling wins', () => {
    expect(one({ NAME: 'a', Data: { x: 1 }, TS: nowMs - 1, ID: 'k', V: '2' }).payload).toEqual({
      ...{ name: 'a', data: { x: 1 }, ts: nowMs - 1, id: 'k', v: '2', user: {} },
    });
    expect(one({ name: 'usual', NAME: 'other' }).payload.name).toBe('usual');
  });

  test('a missing, empty, reserved or overlong name is refused', () => {
    expect(refusal({ data: {} })).toBe('event name is empty');
    expect(refusal({ name: '' })).toBe('event name is empty');
    expect(refusal({ name: null })).toBe('event name is empty');
    expect(refusal({ name: 7 })).toBe('name must be a string');
    expect(refusal({ name: 'inNGest/function.failed' })).toBe(
      'event name is reserved for internal use: inNGest/function.failed',
    );
    expect(refusal({ name: 'n'.repeat(513) })).toContain('event name has 513 characters');
    expect(one({ name: 'inngest' }).payload.name).toBe('inngest');
  });

  test('an id of the sender is kept and is the idempotency key', () => {
    const event = one({ name: 'a', id: 'order-7' });
    expect(event.payload.id).toBe('order-7');
    expect(event.idempotencyKey).toBe('order-7');
    expect(event.internalId).not.toBe('order-7');
  });

  test('a blank id is no id, and a number is refused', () => {
    const event = one({ name: 'a', id: ' ' });
    expect(event.payload.id).toBe(event.internalId);
    expect(event.idempotencyKey).toBe('');
    expect(refusal({ name: 'a', id: 5 })).toBe('id must be a string');
  });

  test('times between 1980 and 2100 are taken, both ends included', () => {
    expect(one({ name: 'a', ts: 315_532_800_000 }).payload.ts).toBe(315_532_800_000);
    expect(one({ name: 'a', ts: 4_102_444_800_000 }).payload.ts).toBe(4_102_444_800_000);
    expect(one({ name: 'a', ts: 0 }).payload.ts).toBe(nowMs);
    expect(one({ name: 'a', ts: null }).payload.ts).toBe(nowMs);
    expect(refusal({ name: 'a', ts: 315_532_799_999 })).toBe('ts: timestamp is before Jan 1, 1980');
    expect(refusal({ name: 'a', ts: -1 })).toBe('ts: timestamp is before Jan 1, 1980');
    expect(refusal({ name: 'a', ts: 4_102_444_800_001 })).toBe(
      'ts: timestamp is after Jan 1, 2100',
    );
    for (const ts of ['1.5', '"1700000000000"', '1e999', 'true', '{}']) {
      expect(refusal(`{"name":"a","ts":${ts}}`)).toBe(
        'ts must be a whole number of milliseconds since 1970',
      );
    }
  });

  test('data and user are objects or absent', () => {
    expect(one({ name: 'a', data: null, user: null }).payload).toMatchObject({
      data: {},
      user: {},
    });
    for (const value of [[], 'x', 5, false]) {
      expect(refusal({ name: 'a', data: value })).toBe('data must be an object');
      expect(refusal({ name: 'a', user: value })).toBe('user must be an object');
    }
    expect(refusal({ name: 'a', v: 2 })).toBe('v must be a string');
  });

  test('what only the server may write is taken out of data', () => {
    const text = '{"name":"a","data":{"_inngest":{"fn_id":"x"},"kept":1,"__proto__":{"y":2}}}';
    const [event] = accepted(text);
    expect(JSON.stringify(event?.payload.data)).toBe('{"kept":1,"__proto__":{"y":2}}');
  });

  test('data that could not be passed on is refused with its place', () => {
    expect(refusal('{"name":"a","data":{"list":[1,{"sum":1e999}]}}')).toBe(
      'data.list[1].sum: the number is too large for a 64-bit float',
    );
    const deep = `{"name":"a","data":${'{"a":'.repeat(600)}1${'}'.repeat(600)}}`;
    expect(refusal(deep)).toContain('levels deep');
    expect(refusal(deep).length).toBeLessThan(1000);
  });
});

describe('seeded ids', () => {
  const seed = parseSeed('1700000000000,AAAAAAAAAAAAAA==');

  test('a seed gives each event of a request a fixed id, which is its idempotency key', () => {
    const events = accepted('[{"name":"a"},{"name":"b"}]', seed);
    expect(events.map(({ internalId }) => internalId)).toEqual([
      '01HF7YAT000000000000000001',
      '01HF7YAT000000000000000002',
    ]);
    expect(events.map(({ idempotencyKey }) => idempotencyKey)).toEqual([
      '01HF7YAT000000000000000001',
      '01HF7YAT000000000000000002',
    ]);
  });

  test('an id of the sender comes before the seed', () => {
    expect(accepted('{"name":"a","id":"mine"}', seed)[0]?.idempotencyKey).toBe('mine');
  });
});

describe('any input', () => {
  const json = fc.json({ maxDepth: 4 });
  const eventLike = fc.record(
    {
      name: fc.oneof(fc.string(), fc.jsonValue()),
      data: fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue()),
      user: fc.jsonValue(),
      id: fc.oneof(fc.string(), fc.jsonValue()),
      ts: fc.oneof(fc.integer(), fc.double(), fc.integer({ min: 3e11, max: 5e12 })),
      v: fc.oneof(fc.string(), fc.jsonValue()),
      meta: fc.oneof(
        fc.record({ sessions: fc.jsonValue(), propagated_sessions: fc.jsonValue() }),
        fc.jsonValue(),
      ),
    },
    { requiredKeys: [] },
  );
  const fields = /^(events\[\d+\]: )?(event|an event|name|data|user|id|ts|v|meta)\b|^Request body/;

  test('is accepted well-formed or refused with a message that names the field', () => {
    const body = fc.oneof(
      json,
      eventLike.map((value) => JSON.stringify(value)),
      fc.array(eventLike).map((value) => JSON.stringify(value)),
      fc.string(),
    );
    fc.assert(
      fc.property(body, (text) => {
        const parsed = parse(text);
        if (!parsed.ok) {
          expect(parsed.message).toMatch(fields);
          return;
        }
        for (const { internalId, payload } of parsed.events) {
          expect(isUlid(internalId)).toBe(true);
          expect(payload.name.length).toBeGreaterThan(0);
          expect(payload.id.length).toBeGreaterThan(0);
          expect(Number.isSafeInteger(payload.ts)).toBe(true);
          for (const map of [payload.data, payload.user]) {
            expect(typeof map === 'object' && map !== null && !Array.isArray(map)).toBe(true);
          }
          expect(Object.hasOwn(payload.data, '_inngest')).toBe(false);
        }
      }),
      { numRuns: 500 },
    );
  });
});

/** How accepted events are packed into queue items. */
import { expect, test } from 'bun:test';
import type { ReceivedEvent } from '../../src/event/event.ts';
import { intakeOf, itemBytesMax, waitingEvents } from '../../src/queue/intake.ts';
import { itemListArgs } from '../../src/queue/item.ts';
import { dequeue } from '../../src/queue/queue.ts';
import { openStoreUnderTest } from '../store_under_test.ts';
import { idsOf, takeFrom } from './sample_item.ts';

const kib = 1024;

function event(n: number, text = ''): ReceivedEvent {
  const internalId = `e${String(n).padStart(4, '0')}`;
  return {
    internalId,
    receivedAtMs: 1_000,
    idempotencyKey: '',
    payload: { name: 'a/b', data: { text }, user: {}, id: internalId, ts: 1 },
  };
}

/** The numbers of events in each item of what `texts` make. */
function sizes(texts: readonly string[]): number[] {
  return intakeOf(texts.map((text, n) => event(n, text))).items.map(
    ({ data }) => waitingEvents(data).length,
  );
}

test('events go fifty to an item, in their order', () => {
  const events = Array.from({ length: 120 }, (_, n) => event(n, 'grüße "𝄞"'));
  const { items, facts } = intakeOf(events);
  expect(items.map(({ id }) => id)).toEqual([
    'events.e0000.50',
    'events.e0050.50',
    'events.e0100.20',
  ]);
  const back = items.flatMap(({ data }) => waitingEvents(data));
  expect(back.map(({ internalId }) => internalId)).toEqual(idsOfEvents(events));
  expect(JSON.parse(back[7]?.payload ?? '')).toEqual(events[7]?.payload);
  expect(facts).toHaveLength(120);
});

function idsOfEvents(events: readonly ReceivedEvent[]): string[] {
  return events.map(({ internalId }) => internalId);
}

test('no events make no item', () => {
  expect(intakeOf([])).toEqual({ items: [], facts: [] });
});

test('an item with several events has at most 1 MiB; a larger event stays alone', () => {
  expect(sizes(Array.from({ length: 6 }, () => 'x'.repeat(400 * kib)))).toEqual([2, 2, 2]);
  expect(sizes(['', 'x'.repeat(3 * kib * kib), '', ''])).toEqual([1, 1, 2]);
  // Counted in bytes, not in characters.
  expect(sizes(Array.from({ length: 4 }, () => 'ü'.repeat(400 * kib)))).toEqual([1, 1, 1, 1]);
  for (const length of [200_000, 262_000, 262_070, 262_100, 262_144]) {
    const events = Array.from({ length: 40 }, (_, n) => event(n, 'x'.repeat(length)));
    for (const { data } of intakeOf(events).items) {
      expect(Buffer.byteLength(data)).toBeLessThanOrEqual(itemBytesMax);
    }
  }
});

test('events of 3 MB each are all delivered although together they are more than Lua can hold', async () => {
  const under = await openStoreUnderTest();
  const text = 'x'.repeat(3_040_000);
  const requests = 4;
  const perRequest = 22;
  for (let request = 0; request < requests; request += 1) {
    const events = Array.from({ length: perRequest }, (_, n) =>
      event(request * perRequest + n, text),
    );
    const { items } = intakeOf(events);
    await under.store.run('event_accept', [...itemListArgs(items), 0]);
  }
  under.clock.advance(1_000);
  const delivered: string[] = [];
  for (;;) {
    const { outcome, items } = await takeFrom(under, 'events', { itemsMax: 32 });
    expect(items.length).toBeLessThanOrEqual(2);
    delivered.push(...idsOf(items));
    for (const item of items) await dequeue(under.store, item);
    if (outcome === 'empty') break;
  }
  expect(delivered).toHaveLength(requests * perRequest);
  await under.store.close();
});

/** Order between deliveries of processes that share a store. */
import { afterEach, beforeEach, expect, test } from 'bun:test';
import type { LeasedItem } from '../../src/queue/item.ts';
import { dequeue, enqueue, postpone } from '../../src/queue/queue.ts';
import { aheadElsewhere, DeliveryPostponedError } from '../../src/runner/deliveries_elsewhere.ts';
import { type EmbeddedStore, openEmbeddedStore } from '../../src/store/embedded/engine.ts';
import { FakeClock } from '../fake_clock.ts';
import { sampleItem, takeOne } from '../queue/sample_item.ts';
import { turn } from '../simulation/sim_clock.ts';

let clock: FakeClock;
let store: EmbeddedStore;
const registry = { isCancelling: (name: string) => name === 'stop' };

beforeEach(async () => {
  clock = new FakeClock();
  store = await openEmbeddedStore({ dataDir: null, clock });
});
afterEach(() => store.close());

/** Intake items that came in the given order, all of them under way. */
async function underWay(...names: readonly string[]) {
  const nowMs = clock.now();
  const items = names.map((name, place) =>
    sampleItem({
      id: `events.${name}`,
      partition: 'events',
      kind: 'events',
      atMs: nowMs,
      scoreMs: nowMs - 9 + place,
    }),
  );
  await enqueue(store, items);
  return Promise.all(items.map(() => takeOne({ store, clock }, 'events')));
}

/** A delivery that comes to an event: whether it may go on with it by now, or has given way. */
function comesTo(item: LeasedItem, eventName: string) {
  let outcome = 'waits';
  void aheadElsewhere({ store, clock, registry }, item)
    .settled(eventName)
    .then(
      () => {
        outcome = 'goes on';
      },
      (error: unknown) => {
        outcome = error instanceof DeliveryPostponedError ? 'gives way' : String(error);
      },
    );
  return async (ms: number): Promise<string> => {
    for (let passed = 0; passed <= ms; passed += 20) {
      await turn();
      clock.advance(20);
    }
    await turn();
    return outcome;
  };
}

test('an event that cancels waits for what came before it, and not for what came after', async () => {
  const [first, second] = await underWay('1', '2');
  if (!first || !second) throw new Error('two items');
  expect(await comesTo(first, 'stop')(0)).toBe('goes on');
  const later = comesTo(second, 'stop');
  expect(await later(100)).toBe('waits');
  await dequeue(store, first);
  expect(await later(100)).toBe('goes on');
});

test('it also waits for one whose process has died, and which nobody has taken over yet', async () => {
  const [first, second] = await underWay('1', '2');
  if (!first || !second) throw new Error('two items');
  await postpone(store, first, clock.now() - 9);
  const later = comesTo(second, 'stop');
  expect(await later(100)).toBe('waits');
});

test('an event that cancels nothing waits for nobody', async () => {
  const [, second] = await underWay('1', '2');
  if (!second) throw new Error('two items');
  expect(await comesTo(second, 'go')(0)).toBe('goes on');
});

test('who has waited long enough gives its worker to others, and keeps its place in the order', async () => {
  const [first, second] = await underWay('1', '2');
  if (!first || !second) throw new Error('two items');
  expect(await comesTo(second, 'stop')(1_000)).toBe('gives way');
  expect(await dequeue(store, second)).toBe(false);
  clock.advance(2_000);
  const again = await takeOne({ store, clock }, 'events');
  expect(again).toMatchObject({ id: second.id, attempt: 0, cursor: 0 });
  const later = comesTo(again, 'stop');
  expect(await later(100)).toBe('waits');
  await dequeue(store, first);
  expect(await later(100)).toBe('goes on');
});

/** Order between deliveries of processes that share a store. */
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { dequeue, enqueue } from '../../src/queue/queue.ts';
import { aheadElsewhere } from '../../src/runner/deliveries_elsewhere.ts';
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

/** Whether a delivery may go on with an event by now. */
async function mayGoOn(item: Parameters<typeof aheadElsewhere>[1], eventName: string) {
  let isFree = false;
  const free = aheadElsewhere({ store, clock, registry }, item)
    .settled(eventName)
    .then(() => {
      isFree = true;
    });
  const look = async (): Promise<boolean> => {
    for (let i = 0; i < 5; i += 1) {
      clock.advance(100);
      await turn();
    }
    return isFree;
  };
  return { look, free };
}

test('an event that cancels waits for what came before it, and not for what came after', async () => {
  const [first, second] = await underWay('1', '2');
  if (!first || !second) throw new Error('two items');
  const earlier = await mayGoOn(first, 'stop');
  expect(await earlier.look()).toBe(true);
  const later = await mayGoOn(second, 'stop');
  expect(await later.look()).toBe(false);
  await dequeue(store, first);
  expect(await later.look()).toBe(true);
});

test('an event that cancels nothing waits for nobody', async () => {
  const [, second] = await underWay('1', '2');
  if (!second) throw new Error('two items');
  expect(await (await mayGoOn(second, 'go')).look()).toBe(true);
});

test('an item that never ends does not hold up the others for ever', async () => {
  const [, second] = await underWay('1', '2');
  if (!second) throw new Error('two items');
  const later = await mayGoOn(second, 'stop');
  expect(await later.look()).toBe(false);
  clock.advance(40_000);
  await later.free;
});

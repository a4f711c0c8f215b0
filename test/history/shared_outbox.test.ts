/** Servers that share a store share its outbox: each fact is carried by one of them, and by another should that one die. */
import { afterEach, expect, test } from 'bun:test';
import { OutboxPump } from '../../src/history/outbox_pump.ts';
import { createLogger } from '../../src/lib/logger.ts';
import { openEmbeddedStore } from '../../src/store/embedded/engine.ts';
import type { Store } from '../../src/store/store.ts';
import { eventually } from '../eventually.ts';
import { FakeClock } from '../fake_clock.ts';

const clock = new FakeClock();
const open: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** Moves time on and lets everything happen that follows at once. */
async function advance(ms: number): Promise<void> {
  clock.advance(ms);
  await new Promise<void>((done) => setImmediate(done));
}

async function openStore(): Promise<Store> {
  const extraScripts = {
    test_fact: "return redis.call('RPUSH', KEYS[1] .. ':outbox', unpack(ARGV))",
  };
  const store = await openEmbeddedStore({ dataDir: null, clock, extraScripts });
  open.push(() => store.close());
  return store;
}

/** A server's pump, and what it has recorded. `hold` keeps a batch from being recorded until it is released. */
function server(store: Store, reader: string) {
  const recorded: string[] = [];
  let held: Promise<void> = Promise.resolve();
  const pump = new OutboxPump({
    store,
    clock,
    reader,
    batchMax: 100,
    log: createLogger({ level: 'error', format: 'text', write: () => {} }),
    history: {
      record: async (facts) => {
        await held;
        recorded.push(...facts);
      },
    },
  });
  open.push(async () => void (await pump.stop()));
  return {
    pump,
    recorded,
    hold: () => {
      const gate = Promise.withResolvers<void>();
      held = gate.promise;
      return gate.resolve;
    },
  };
}

test('a fact is recorded by one of two servers, and a reader of the other waits until it is', async () => {
  const store = await openStore();
  const [a, b] = [server(store, 'a'), server(store, 'b')];
  const release = a.hold();
  await store.run('test_fact', ['one', 'two']);
  a.pump.start();
  const [reader] = (await eventually(async () => {
    const held = await store.run('outbox_read', [9, 999, 'nobody', clock.now(), clock.now()]);
    return Array.isArray(held) && held[2] !== 0 ? [held] : null;
  })) as unknown[];
  expect(reader).toEqual([0, 2, clock.now() + 5_000]);
  b.pump.start();
  let isFresh = false;
  const fresh = b.pump.idle().then(() => {
    isFresh = true;
  });
  for (let turn = 0; turn < 50; turn += 1) await advance(10);
  expect(isFresh).toBe(false);
  release();
  await eventually(async () => {
    await advance(10);
    return isFresh;
  });
  await fresh;
  expect(a.recorded).toEqual(['one', 'two']);
  expect(b.recorded).toEqual([]);
});

test('facts of a server that died with them are carried by another when its time is over', async () => {
  const store = await openStore();
  await store.run('test_fact', ['one']);
  // A reader that never comes back.
  await store.run('outbox_read', [9, 999, 'dead', clock.now(), clock.now() + 5_000]);
  const b = server(store, 'b');
  b.pump.start();
  await advance(4_000);
  expect(b.recorded).toEqual([]);
  await eventually(async () => {
    await advance(1_000);
    return b.recorded.length > 0;
  });
  expect(b.recorded).toEqual(['one']);
});

test('facts that another server wrote without a word are seen by whoever asks', async () => {
  const store = await openStore();
  const b = server(store, 'b');
  b.pump.start();
  await b.pump.idle();
  await store.run('test_fact', ['silent']);
  await b.pump.idle();
  expect(b.recorded).toEqual(['silent']);
});

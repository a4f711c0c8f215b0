/** Leases of items under way, when timers do not come in time. */
import { expect, test } from 'bun:test';
import { createLogger } from '../../src/lib/logger.ts';
import { LeaseKeeper } from '../../src/queue/lease_keeper.ts';
import { enqueue, scavenge } from '../../src/queue/queue.ts';
import { FakeClock } from '../fake_clock.ts';
import { openStoreUnderTest } from '../store_under_test.ts';
import { leaseMs, sampleItem, takeOne } from './sample_item.ts';

const log = createLogger({ level: 'error', format: 'json', write: () => {} });

test('leases that ran out while the machine slept are renewed before anything is taken over', async () => {
  const { store, clock } = await openStoreUnderTest();
  const nowMs = clock.now();
  await enqueue(store, [sampleItem({ id: 'a', atMs: nowMs, scoreMs: nowMs })]);
  const item = await takeOne({ store, clock }, 'fn-1');
  // Its time goes on, its timers do not: as after a suspended machine.
  let passedMs = 0;
  const slept = { now: () => nowMs + passedMs, at: () => ({ cancel: () => {} }) };
  const keeper = new LeaseKeeper(store, slept, log, leaseMs);
  keeper.add(item);
  passedMs = 3 * leaseMs;
  await keeper.renewOverdue();
  expect((await scavenge(store, slept.now(), 10)).count).toBe(0);
  passedMs += leaseMs + 1;
  expect((await scavenge(store, slept.now(), 10)).count).toBe(1);
});

test('young leases are left alone', async () => {
  const { store } = await openStoreUnderTest();
  let scripts = 0;
  const counting = {
    ...store,
    run: async () => {
      scripts += 1;
      return [];
    },
    settled: async () => {},
    subscribe: () => () => {},
    trouble: () => null,
    close: async () => {},
  };
  const clock = new FakeClock(0);
  const keeper = new LeaseKeeper(counting, clock, log, leaseMs);
  keeper.add({
    ...sampleItem({ id: 'a' }),
    leaseToken: 't',
    attempt: 0,
    generation: 0,
    scavenged: 0,
    cursor: 0,
  });
  await keeper.renewOverdue();
  expect(scripts).toBe(0);
  keeper.stop();
});

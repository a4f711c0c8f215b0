/** The queue's depth and the time of commits, as real stores give them. */
import { describe, expect, test } from 'bun:test';
import { systemClock } from '../../src/lib/clock.ts';
import { createMetrics } from '../../src/metrics/metrics.ts';
import { queueDepth } from '../../src/queue/depth.ts';
import { enqueue } from '../../src/queue/queue.ts';
import { openEmbeddedStore } from '../../src/store/embedded/engine.ts';
import type { Store } from '../../src/store/store.ts';
import { sampleItem } from '../queue/sample_item.ts';
import { hasRedis } from '../redis_server.ts';
import { temporaryDirectory } from '../store/embedded/probe.ts';
import { RedisBed } from '../store/redis/redis_bed.ts';
import { parseExposition } from './prometheus_text.ts';

const log = { warn: () => undefined };

function metricsOver(store: () => Store) {
  const depth = () => queueDepth(store(), systemClock.now(), ['fn-1']);
  return createMetrics({ version: '1.2.3', queueDepth: depth }, log);
}

const later = () => Date.now() + 3_600_000;
const items = () => [
  sampleItem({ id: 'a' }),
  sampleItem({ id: 'b' }),
  sampleItem({ id: 'c', partition: 'timers', scoreMs: later() }),
];

describe('the embedded engine', () => {
  test('counts the queue and times every group of changes until it is on disk', async () => {
    const times: number[] = [];
    const store = await openEmbeddedStore({
      dataDir: temporaryDirectory(),
      clock: systemClock,
      onCommit: (ms) => times.push(ms),
    });
    try {
      const metrics = metricsOver(() => store);
      await enqueue(store, items());
      expect(times).toEqual([]);
      await store.settled();
      expect(times.length).toBe(1);
      expect(times[0]).toBeGreaterThan(0);
      for (const ms of times) metrics.observeCommit(ms);
      const { value } = parseExposition(await metrics.text());
      expect(value('inngest_queue_depth')).toBe(3);
      expect(value('inngest_queue_items', { state: 'due' })).toBe(2);
      expect(value('inngest_queue_items', { state: 'scheduled' })).toBe(1);
      expect(value('inngest_store_commit_seconds_count')).toBe(1);
    } finally {
      await store.close();
    }
  });

  test('has no depth once it is closed, and the scrape still succeeds', async () => {
    const store = await openEmbeddedStore({ dataDir: null, clock: systemClock });
    await store.close();
    const { value } = parseExposition(await metricsOver(() => store).text());
    expect(value('inngest_queue_depth')).toBeUndefined();
    expect(value('process_resident_memory_bytes')).toBeGreaterThan(0);
  });
});

describe.if(hasRedis('redis'))(
  `Redis${hasRedis('redis') ? '' : ' (left out: redis-server is not there)'}`,
  () => {
    const bed = new RedisBed();

    test('counts the queue and times every script', async () => {
      const times: number[] = [];
      const { url } = await bed.server();
      const store = await bed.store(url, { onCommit: (ms) => times.push(ms) });
      await enqueue(store, items());
      expect(times.length).toBe(1);
      expect(times[0]).toBeGreaterThan(0);
      const { value } = parseExposition(await metricsOver(() => store).text());
      expect(value('inngest_queue_depth')).toBe(3);
      expect(value('inngest_queue_items', { state: 'due' })).toBe(2);
      expect(times.length).toBe(2);
    });
  },
);

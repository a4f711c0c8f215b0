/** How much the embedded engine makes durable in a second: events that are accepted, each of which its sender waits for. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/lib/clock.ts';
import { ulid } from '../../src/lib/ulid.ts';
import { EventIntake } from '../../src/runner/event_intake.ts';
import { type EmbeddedStore, openEmbeddedStore } from '../../src/store/embedded/engine.ts';
import type { Outcome, Row } from './rows.ts';

export interface CommitLoad {
  /** Who wait at the same time, each for one event. */
  readonly callers: number;
  /** Of a round. */
  readonly events: number;
}

export function commits({ callers, events }: CommitLoad): Row['measure'] {
  return async (rounds, progress) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'inngest-bench-'));
    try {
      const store = await openEmbeddedStore({ dataDir, clock: systemClock });
      const figures: number[] = [];
      const eventsPerCommit: number[] = [];
      try {
        await acceptAll(store, callers, Math.ceil(events / 4));
        for (let round = 1; round <= rounds; round++) {
          const before = store.stats().commits;
          const startedMs = performance.now();
          await acceptAll(store, callers, events);
          figures.push((events * 1_000) / (performance.now() - startedMs));
          eventsPerCommit.push(events / (store.stats().commits - before));
          progress(`round ${round}: ${figures.at(-1)?.toFixed(0)}/s`);
        }
      } finally {
        await store.close();
      }
      const accepted = Math.ceil(events / 4) + rounds * events;
      const perCommit = eventsPerCommit.at(-1)?.toFixed(1);
      const note = `event_accept, ${perCommit} events a commit`;
      return { rounds: figures, miscounted: await lost(dataDir, accepted), note } satisfies Outcome;
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  };
}

async function acceptAll(store: EmbeddedStore, callers: number, events: number): Promise<void> {
  const intake = new EventIntake(store);
  let started = 0;
  const caller = async (): Promise<void> => {
    while (started < events) {
      started += 1;
      const nowMs = Date.now();
      const id = ulid(nowMs);
      const data = { orderId: id, amount: 4200, currency: 'EUR' };
      const payload = { name: 'shop/order.placed', data, user: {}, id, ts: nowMs };
      await intake.accept([{ internalId: id, receivedAtMs: nowMs, payload, idempotencyKey: '' }]);
      await store.settled();
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
}

/** What was said to be durable is there after a restart. */
async function lost(dataDir: string, accepted: number): Promise<string[]> {
  const store = await openEmbeddedStore({ dataDir, clock: systemClock });
  const found = store.keys(/:item:/).length;
  await store.close();
  return found === accepted ? [] : [`${accepted} events were accepted, ${found} are on disk`];
}

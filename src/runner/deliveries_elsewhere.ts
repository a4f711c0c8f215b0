/**
 * Deliveries that other processes have under way: an event that may cancel a run must not overtake the event that starts
 * it, whichever process delivers that. Events are in the order of their receipt, so no two wait for each other.
 */
import type { Clock } from '../lib/clock.ts';
import type { LeasedItem } from '../queue/item.ts';
import { itemLeaseMs } from '../queue/processor.ts';
import type { Registry } from '../state/registry.ts';
import { asNumber } from '../store/reply_shape.ts';
import type { Store } from '../store/store.ts';
import type { Ahead } from './deliveries_ahead.ts';

/** Few events cancel anything, and fewer meet another delivery: looking again is simpler than being told. */
const lookMsMin = 2;
const lookMsMax = 100;
/** An item that is still held then belongs to a dead process. */
const waitMsMax = itemLeaseMs + 5_000;

export interface ElsewhereParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly registry: Pick<Registry, 'isCancelling'>;
}

/** What a delivery waits for on a store that it shares with others. */
export function aheadElsewhere(
  { store, clock, registry }: ElsewhereParts,
  item: LeasedItem,
): Ahead {
  return {
    async settled(eventName) {
      if (!registry.isCancelling(eventName)) return;
      const untilMs = clock.now() + waitMsMax;
      for (
        let restMs = lookMsMin;
        clock.now() < untilMs;
        restMs = Math.min(lookMsMax, restMs * 2)
      ) {
        if (asNumber(await store.run('queue_ahead', [item.partition, item.id])) <= 0) return;
        await new Promise<void>((done) => clock.at(clock.now() + restMs, done));
      }
    },
  };
}

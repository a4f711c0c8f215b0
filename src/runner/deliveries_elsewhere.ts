/**
 * Deliveries that other processes have under way: an event that may cancel a run must not overtake the event that starts
 * it, whichever process delivers that. Events are in the order of their receipt, so no two wait for each other.
 */
import type { Clock } from '../lib/clock.ts';
import type { LeasedItem } from '../queue/item.ts';
import { postpone } from '../queue/queue.ts';
import type { Registry } from '../state/registry.ts';
import { asNumber } from '../store/reply_shape.ts';
import type { Store } from '../store/store.ts';
import type { Ahead } from './deliveries_ahead.ts';

/** Few events cancel anything, and fewer meet another delivery: looking again is simpler than being told. */
const lookMsMin = 2;
const lookMsMax = 100;
/** A worker waits this long; then the item gives way, so that those who wait cannot take all workers. */
const holdMsMax = 500;
/** Until it is looked at again. */
const postponeMs = 1_000;

/** The item has been put back: what came before it is still under way. */
export class DeliveryPostponedError extends Error {
  override readonly name = 'DeliveryPostponedError';
}

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
  let isFirst = false;
  const look = async (): Promise<boolean> =>
    asNumber(await store.run('queue_ahead', [item.partition, item.id])) <= 0;
  return {
    async settled(eventName) {
      if (isFirst || !registry.isCancelling(eventName)) return;
      const untilMs = clock.now() + holdMsMax;
      for (let restMs = lookMsMin; ; restMs = Math.min(lookMsMax, restMs * 2)) {
        isFirst = await look();
        if (isFirst) return;
        if (clock.now() >= untilMs) break;
        await new Promise<void>((done) => clock.at(clock.now() + restMs, done));
      }
      await postpone(store, item, clock.now() + postponeMs);
      throw new DeliveryPostponedError(`${item.id} waits for what came before it`);
    },
  };
}

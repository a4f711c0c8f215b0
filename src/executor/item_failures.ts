/**
 * What becomes of an item whose handler threw: a bug, or data that nothing can be done with. It is tried again with
 * backoff like a failed call; when its attempts are used up its run ends and says why. Nothing loops for ever.
 */
import { canonicalJson, JsonTooDeepError } from '../lib/canonical_json.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { retryDelaysMs } from '../queue/backoff.ts';
import type { LeasedItem } from '../queue/item.ts';
import { isSystemPartition } from '../queue/item.ts';
import { itemFields } from '../queue/item_log.ts';
import { requeue } from '../queue/queue.ts';
import { type Store, StoreUnavailableError } from '../store/store.ts';
import { internalError } from './run_failure.ts';
import { bodyFact } from './step_fact.ts';
import type { Terminator } from './terminator.ts';

/** The server's own work (deliveries, timers, schedules) is never given up, and soon tried again. */
const systemDelaysMs: readonly number[] = [1_000, 5_000, 15_000, 60_000, 300_000];

export interface ItemFailureParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  readonly terminator: Terminator;
  readonly retryIntervalMs: number | null;
  readonly random: () => number;
}

export class ItemFailures {
  constructor(private readonly parts: ItemFailureParts) {}

  async handle(item: LeasedItem, error: unknown): Promise<void> {
    // With the store away there is nothing to write to: the lease ends and the item is taken over.
    if (error instanceof StoreUnavailableError) throw error;
    const { store, clock, log, terminator } = this.parts;
    log.error('work on a queue item failed', { ...itemFields(item), error });
    const nowMs = clock.now();
    const isSystem = isSystemPartition(item.partition);
    if (!(error instanceof JsonTooDeepError) || isSystem) {
      const delaysMs = isSystem
        ? systemDelaysMs
        : retryDelaysMs(this.parts.retryIntervalMs, this.parts.random);
      const facts = isSystem ? [] : [this.fact(item, error, nowMs)];
      const put = await requeue(store, item, { nowMs, isAttempt: true, delaysMs, facts });
      if (put.kind !== 'exhausted') return;
    }
    await terminator.fail(item.runId, item, internalError(error));
  }

  private fact(item: LeasedItem, error: unknown, nowMs: number): string {
    const output = canonicalJson(internalError(error));
    const { runId, attempt } = item;
    return bodyFact({ runId, name: '', status: 'Errored', attempt, nowMs, output });
  }
}

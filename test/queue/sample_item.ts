/** Queue items for tests, and the shortest way to lease them. */
import type { Clock } from '../../src/lib/clock.ts';
import type { LeasedItem, NewItem } from '../../src/queue/item.ts';
import { type TakeOutcome, type TakeRequest, take } from '../../src/queue/queue.ts';
import type { StoreUnderTest } from '../store_under_test.ts';

export const leaseMs = 30_000;

export function sampleItem(changes: Partial<NewItem> & Pick<NewItem, 'id'>): NewItem {
  return {
    partition: 'fn-1',
    kind: 'edge',
    runId: '',
    atMs: 1_000,
    scoreMs: 1_000,
    attemptsMax: 5,
    data: '{}',
    ...changes,
  };
}

let tokens = 0;

export async function takeFrom(
  { store, clock }: Pick<StoreUnderTest, 'store'> & { readonly clock: Pick<Clock, 'now'> },
  partition: string,
  changes: Partial<TakeRequest> = {},
): Promise<{ outcome: TakeOutcome; items: LeasedItem[] }> {
  tokens += 1;
  const nowMs = clock.now();
  return take(store, {
    nowMs,
    partition,
    process: 'p1',
    partitionUntilMs: nowMs + 4_000,
    itemUntilMs: nowMs + leaseMs,
    leaseToken: `token-${tokens}`,
    itemsMax: 100,
    functionLimit: 0,
    accountLimit: 0,
    ...changes,
  });
}

/** Leases exactly one item, which must be there. */
export async function takeOne(
  under: Pick<StoreUnderTest, 'store' | 'clock'>,
  partition: string,
  changes: Partial<TakeRequest> = {},
): Promise<LeasedItem> {
  const { outcome, items } = await takeFrom(under, partition, { itemsMax: 1, ...changes });
  const [item] = items;
  if (item === undefined) throw new Error(`no item was due in ${partition}: ${outcome}`);
  return item;
}

export const idsOf = (items: readonly { readonly id: string }[]): string[] =>
  items.map(({ id }) => id);

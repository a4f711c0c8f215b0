/** What the parts of the script load share: how much of it there is, how it is named, and leases. */
import { createHash } from 'node:crypto';
import type { LeasedItem } from '../../src/queue/item.ts';
import { takeFrom } from '../queue/sample_item.ts';
import type { ScriptTimer } from './script_timer.ts';

export interface LoadScope {
  readonly timer: ScriptTimer;
  /** Part of every id: what one play leaves (idempotency keys) must not meet another. */
  readonly key: string;
  /** Items, runs and events: how often most scripts are called. */
  readonly subjects: number;
  /** When it begins, for the scripts. */
  readonly nowMs: number;
}

const leasedMax = 10_000;

/** Leases everything that is due in some partitions; it must be as much as is expected. */
export async function leaseAll(
  { timer }: LoadScope,
  partitions: readonly string[],
  nowMs: number,
  count: number,
): Promise<LeasedItem[]> {
  const clock = { now: () => nowMs };
  const taken = await timer.untimed(partitions.length, (index) =>
    takeFrom({ store: timer.store, clock }, partitions[index] ?? '', { itemsMax: leasedMax }),
  );
  const items = taken.flatMap((each) => each.items);
  if (items.length !== count) {
    throw new Error(`${items.length} items were due in ${partitions.join(', ')}, not ${count}`);
  }
  return items;
}

/** The element at an index that must exist. */
export function at<T>(list: readonly T[], index: number): T {
  const found = list[index];
  if (found === undefined) throw new RangeError(`a list of ${list.length} has no element ${index}`);
  return found;
}

/** A fact as long as most. */
export function sampleFact(about: string): string {
  const mark = createHash('sha256').update(about).digest('hex');
  return JSON.stringify({ t: 'step', about, status: 'Completed', output: { mark } });
}

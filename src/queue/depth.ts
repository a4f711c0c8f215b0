/** How much work the queue holds, counted without looking at items (observability-ui.md §10, §15). */
import { asList, asNumber } from '../store/reply_shape.ts';
import type { Store } from '../store/store.ts';
import { systemPartitions } from './item.ts';

export interface QueueDepth {
  /** Could be worked on now: they wait for a free worker. */
  readonly due: number;
  /** Due later: sleeps, timeouts, retries, schedules. */
  readonly scheduled: number;
  /** Due, but held back by the limits of their function, account or concurrency key. */
  readonly limited: number;
  /** Being worked on. */
  readonly running: number;
}

/** Partitions in one script: some hundred µs of the embedded engine. */
const pageSize = 200;
/** Looks at this many pages at most: partitions beyond 40 000 are not counted. */
const pagesMax = 200;

/**
 * Counts page by page, so that a large queue is never looked at in one moment: what moves meanwhile may be counted
 * twice or not at all. `functionIds` are the partitions that may have stopped at a limit.
 */
export async function queueDepth(
  store: Pick<Store, 'run'>,
  nowMs: number,
  functionIds: readonly string[],
): Promise<QueueDepth> {
  const named = [...systemPartitions, ...functionIds];
  const sum = { due: 0, scheduled: 0, limited: 0, running: 0 };
  let held = 0;
  let hasPointed = true;
  for (let page = 0; page < pagesMax; page += 1) {
    const names = named.slice(page * pageSize, (page + 1) * pageSize);
    if (!hasPointed && names.length === 0) break;
    const most: number = hasPointed ? pageSize : 0;
    const args = [nowMs, page * pageSize, most, names.length, ...names];
    const reply = asList(await store.run('queue_depth', args));
    hasPointed = most > 0 && asNumber(reply[0]) === most;
    sum.due += asNumber(reply[1]);
    sum.scheduled += asNumber(reply[2]);
    sum.limited += asNumber(reply[3]);
    held = asNumber(reply[4]);
    sum.running = asNumber(reply[5]);
  }
  return { ...sum, limited: sum.limited + held };
}

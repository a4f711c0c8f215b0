/** Ends runs (lua/run_finish.lua). */
import { itemListArgs, type NewItem } from '../queue/item.ts';
import { asNumber } from '../store/reply_shape.ts';
import type { Store } from '../store/store.ts';

export type EndOutcome = 'ended' | 'ended_before' | 'lease_lost';

export async function endRun(
  store: Store,
  end: {
    /** The item that was worked on; null when nothing was. */
    readonly item: { readonly id: string; readonly leaseToken: string } | null;
    readonly runId: string;
    /** Internal events that tell of the end. */
    readonly items: readonly NewItem[];
    readonly facts: readonly string[];
  },
): Promise<EndOutcome> {
  const code = asNumber(
    await store.run('run_finish', [
      end.item?.id ?? '',
      end.item?.leaseToken ?? '',
      end.runId,
      ...itemListArgs(end.items),
      end.facts.length,
      ...end.facts,
    ]),
  );
  if (code === 1) return 'ended';
  return code === 0 ? 'ended_before' : 'lease_lost';
}

/** Roles that one of the processes that share a store has at a time. */
import { asNumber } from '../store/reply_shape.ts';
import type { Store } from '../store/store.ts';

/** Whether the process has the role, for `ms` from now: true for the first that asks, until it stops asking. */
export async function claimRole(
  store: Store,
  { role, process, ms }: { readonly role: string; readonly process: string; readonly ms: number },
): Promise<boolean> {
  return asNumber(await store.run('role_claim', [role, process, ms])) === 1;
}

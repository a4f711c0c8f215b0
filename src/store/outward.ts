/**
 * The one gate between durable memory and the outside: what goes through it leaves only when everything that caused it
 * is on disk (design §3). Nothing else waits for `settled` for the sake of others; test/tidy.test.ts sees to that.
 */
import type { Store } from './store.ts';

/** The same function, held back until what scripts have written so far is durable. Rejects when it cannot be made so. */
export function outward(store: Pick<Store, 'settled'>) {
  return <A extends readonly unknown[], R>(send: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      await store.settled();
      return send(...args);
    };
}

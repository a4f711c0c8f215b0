/**
 * Takes items, and remembers the takes whose answer was lost: they may have handed out items that nobody works on, which
 * are put back as soon as the store answers again.
 */
import { type Store, StoreUnavailableError } from '../store/store.ts';
import { returnTaken, type TakeRequest, take } from './queue.ts';

/** Remembered at most; items of others come back when their leases end. */
const lostMax = 100;

export class Taker {
  private readonly lost: Pick<TakeRequest, 'partition' | 'leaseToken'>[] = [];

  constructor(private readonly store: Store) {}

  async take(request: TakeRequest): ReturnType<typeof take> {
    try {
      return await take(this.store, request);
    } catch (error) {
      if (error instanceof StoreUnavailableError && this.lost.length < lostMax)
        this.lost.push(request);
      throw error;
    }
  }

  /** Puts back what lost takes handed out. */
  async returnLost(): Promise<void> {
    for (let next = this.lost[0]; next !== undefined; next = this.lost[0]) {
      await returnTaken(this.store, next);
      this.lost.shift();
    }
  }
}

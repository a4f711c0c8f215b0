/** A process that can die between any two scripts: what it still awaits never comes, its timers never fire. */
import type { Clock } from '../../src/lib/clock.ts';
import type { Reply, Store } from '../../src/store/store.ts';

export class Mortality {
  isDead = false;
  /** Scripts that still run before death. */
  scriptsLeft = Number.POSITIVE_INFINITY;
  scriptsRun = 0;

  /** Whether a script may run now. */
  spend(): boolean {
    if (this.isDead || this.scriptsLeft <= 0) {
      this.isDead = true;
      return false;
    }
    this.scriptsLeft -= 1;
    this.scriptsRun += 1;
    return true;
  }
}

const never = (): Promise<never> => new Promise(() => undefined);

export function mortalStore(inner: Store, life: Mortality): Store {
  return {
    run: (script, args): Promise<Reply> => (life.spend() ? inner.run(script, args) : never()),
    settled: () => (life.isDead ? never() : inner.settled()),
    subscribe: (subscriber) =>
      inner.subscribe((channel, message) => {
        if (!life.isDead) subscriber(channel, message);
      }),
    trouble: () => inner.trouble(),
    close: () => inner.close(),
  };
}

export function mortalClock(inner: Clock, life: Mortality): Clock {
  return {
    now: () => inner.now(),
    at: (atMs, fire) =>
      inner.at(atMs, () => {
        if (!life.isDead) fire();
      }),
  };
}

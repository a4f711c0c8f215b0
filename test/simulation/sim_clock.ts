/** Virtual time for the simulator: it can say when the next timer is due, and it can go to that moment. */
import type { Clock, Timer } from '../../src/lib/clock.ts';

interface Pending {
  readonly atMs: number;
  readonly fire: () => void;
}

export class SimClock implements Clock {
  #nowMs: number;
  readonly #pending = new Set<Pending>();

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  at(atMs: number, fire: () => void): Timer {
    const timer = { atMs, fire };
    this.#pending.add(timer);
    return { cancel: () => this.#pending.delete(timer) };
  }

  get timers(): number {
    return this.#pending.size;
  }

  /** When the next timer is due; null when none is set. */
  get nextMs(): number | null {
    let first: number | null = null;
    for (const { atMs } of this.#pending) if (first === null || atMs < first) first = atMs;
    return first;
  }

  /** Sets the time and fires what is due by then, in order; also what the fired timers set up. */
  goTo(ms: number): void {
    this.#nowMs = Math.max(this.#nowMs, ms);
    for (;;) {
      const due = [...this.#pending].filter(({ atMs }) => atMs <= this.#nowMs);
      const next = due.sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) return;
      this.#pending.delete(next);
      next.fire();
    }
  }
}

/** One turn of the event loop: everything that is ready by then has run. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Lets the event loop turn until `activity` stays the same for a few turns: nothing is under way any more. */
export async function settled(activity: () => number, quietTurns = 4): Promise<void> {
  let seen = activity();
  for (let quiet = 0; quiet < quietTurns; ) {
    await turn();
    const now = activity();
    quiet = now === seen ? quiet + 1 : 0;
    seen = now;
  }
}

/** Virtual time: it stands still until a test moves it. */
import type { Clock, Timer } from '../src/lib/clock.ts';

interface Pending {
  readonly atMs: number;
  readonly fire: () => void;
}

export class FakeClock implements Clock {
  #nowMs: number;
  #pending: Pending[] = [];

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  at(atMs: number, fire: () => void): Timer {
    const timer = { atMs, fire };
    this.#pending.push(timer);
    return {
      cancel: () => {
        this.#pending = this.#pending.filter((other) => other !== timer);
      },
    };
  }

  /** Number of timers that have not fired. */
  get pending(): number {
    return this.#pending.length;
  }

  /** Moves time on and fires what falls due, in order of time; also what the fired timers set up. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      const next = this.#earliest();
      if (next === null || next.atMs > untilMs) break;
      this.#pending = this.#pending.filter((other) => other !== next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.fire();
    }
    this.#nowMs = untilMs;
  }

  #earliest(): Pending | null {
    return this.#pending.reduce<Pending | null>(
      (first, timer) => (first === null || timer.atMs < first.atMs ? timer : first),
      null,
    );
  }
}

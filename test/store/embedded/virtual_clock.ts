/** Time that moves only when a test says so. */
import type { Clock, Timer } from '../../../src/lib/clock.ts';

interface Pending {
  readonly atMs: number;
  readonly fire: () => void;
}

export class VirtualClock implements Clock {
  #nowMs = 1_800_000_000_000;
  readonly #pending = new Set<Pending>();

  now(): number {
    return this.#nowMs;
  }

  at(atMs: number, fire: () => void): Timer {
    const pending = { atMs, fire };
    this.#pending.add(pending);
    return { cancel: () => this.#pending.delete(pending) };
  }

  get timers(): number {
    return this.#pending.size;
  }

  advance(byMs: number): void {
    const untilMs = this.#nowMs + byMs;
    for (;;) {
      const due = [...this.#pending].filter((pending) => pending.atMs <= untilMs);
      const next = due.sort((left, right) => left.atMs - right.atMs)[0];
      if (!next) break;
      this.#pending.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.fire();
    }
    this.#nowMs = untilMs;
  }
}

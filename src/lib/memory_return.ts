/**
 * Gives memory back after a burst of work. The runtime keeps what a burst needed for a long time; a server that
 * waits for its next event should not (measured by the `memory` row of the benchmark).
 */
import type { Clock, Timer } from './clock.ts';

/** Quiet for this long means that the burst is over: a collection holds everything up for tens of milliseconds. */
const quietMs = 1_000;
/** Pieces of work that are worth a collection. */
const workMin = 500;

export class MemoryReturn {
  private work = 0;
  private timer: Timer | null = null;
  private lastWorkMs = 0;

  constructor(
    private readonly clock: Clock,
    /** Collects garbage and hands free pages to the system. */
    private readonly collect: () => void,
  ) {}

  /** Pieces of work are done. */
  note(pieces = 1): void {
    this.work += pieces;
    this.lastWorkMs = this.clock.now();
    if (this.work >= workMin && this.timer === null) this.arm(this.lastWorkMs + quietMs);
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = null;
  }

  private arm(atMs: number): void {
    this.timer = this.clock.at(atMs, () => {
      this.timer = null;
      const quietAtMs = this.lastWorkMs + quietMs;
      if (this.clock.now() < quietAtMs) {
        this.arm(quietAtMs);
        return;
      }
      this.work = 0;
      this.collect();
    });
  }
}

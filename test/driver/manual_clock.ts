/** A clock that stands still until a test moves it. */

import type { Clock } from '../../src/lib/clock.ts';

export interface ManualClock extends Clock {
  /** Moves to `atMs`, firing what falls due. */
  moveTo(atMs: number): void;
}

export function manualClock(startMs = 1_767_225_600_000): ManualClock {
  let nowMs = startMs;
  const pending = new Set<{ atMs: number; fire: () => void }>();
  return {
    now: () => nowMs,
    at(atMs, fire) {
      const timer = { atMs, fire };
      pending.add(timer);
      return { cancel: () => pending.delete(timer) };
    },
    moveTo(atMs) {
      nowMs = atMs;
      for (const timer of [...pending]) {
        if (timer.atMs > atMs) continue;
        pending.delete(timer);
        timer.fire();
      }
    },
  };
}

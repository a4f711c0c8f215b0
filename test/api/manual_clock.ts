/** A clock that stands still until a test moves it. */
import type { Clock, Timer } from '../../src/lib/clock.ts';

export interface ManualClock extends Clock {
  /** Moves time on and fires what is due, in order. */
  advance(ms: number): void;
  pendingTimers(): number;
}

export function manualClock(startMs = 1_767_225_600_000): ManualClock {
  let nowMs = startMs;
  let timers: { readonly atMs: number; readonly fire: () => void }[] = [];
  return {
    now: () => nowMs,
    at(atMs, fire): Timer {
      const timer = { atMs, fire };
      timers.push(timer);
      return {
        cancel: () => {
          timers = timers.filter((other) => other !== timer);
        },
      };
    },
    advance(ms) {
      nowMs += ms;
      const due = timers.filter(({ atMs }) => atMs <= nowMs).sort((a, b) => a.atMs - b.atMs);
      timers = timers.filter(({ atMs }) => atMs > nowMs);
      for (const { fire } of due) fire();
    },
    pendingTimers: () => timers.length,
  };
}

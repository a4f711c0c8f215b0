/**
 * Time as a parameter. Everything that reads the time or waits for it takes a `Clock`,
 * so that the whole server can run on virtual time in a test.
 */

/** A pending timer; `cancel` is safe to call more than once and after it fired. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls `fire` once, at `atMs` or as soon after it as possible (at once when it has passed). */
  at(atMs: number, fire: () => void): Timer;
}

/** setTimeout takes a signed 32-bit delay; longer waits are cut into pieces of this length. */
const timeoutMsMax = 2_147_000_000;

/** The machine's clock is corrected by less than this now and then; time stands still for that long. */
const correctionMsMax = 100;

/**
 * Time that never runs backwards within a process: leases, retries and what was promised for a moment hang on it. Where
 * the machine's clock is set back, time goes on at its own pace until that clock has caught up; where it is set
 * forward, time follows. `wall` and `monotonic` give milliseconds.
 */
export function steadyTime(wall: () => number, monotonic: () => number): () => number {
  let lastMs = wall();
  let seenMs = monotonic();
  return () => {
    const wallMs = wall();
    const nowMs = monotonic();
    const elapsedMs = lastMs + nowMs - seenMs;
    const isSetBack = wallMs < elapsedMs - correctionMsMax;
    lastMs = isSetBack ? elapsedMs : Math.max(lastMs, wallMs);
    seenMs = nowMs;
    return Math.floor(lastMs);
  };
}

const now = steadyTime(
  () => Date.now(),
  () => performance.now(),
);

export const systemClock: Clock = {
  now,
  at(atMs, fire) {
    let handle: ReturnType<typeof setTimeout> | undefined;
    const arm = (): void => {
      const delayMs = Math.max(0, atMs - now());
      handle =
        delayMs > timeoutMsMax
          ? setTimeout(arm, timeoutMsMax)
          : setTimeout(fire, Math.ceil(delayMs));
    };
    arm();
    return { cancel: () => clearTimeout(handle) };
  },
};

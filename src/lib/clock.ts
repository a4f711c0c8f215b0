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

export const systemClock: Clock = {
  now: () => Date.now(),
  at(atMs, fire) {
    let handle: ReturnType<typeof setTimeout> | undefined;
    const arm = (): void => {
      const delayMs = Math.max(0, atMs - Date.now());
      handle =
        delayMs > timeoutMsMax
          ? setTimeout(arm, timeoutMsMax)
          : setTimeout(fire, Math.ceil(delayMs));
    };
    arm();
    return { cancel: () => clearTimeout(handle) };
  },
};

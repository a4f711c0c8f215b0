/**
 * Time for waiting: it only moves forward, whatever is done to the system's clock. Deadlines and retries of the disk go
 * by it.
 */
import type { Clock } from '../../lib/clock.ts';

export const diskClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  at(atMs, fire) {
    const handle = setTimeout(fire, Math.max(0, Math.ceil(atMs - diskClock.now())));
    return { cancel: () => clearTimeout(handle) };
  },
};

/** Waiting for something that may never come. */
import type { Clock } from './clock.ts';

/** Resolves with whether it came to its end, well or not, within `msMax`. It goes on by itself. */
export async function endsWithin(
  clock: Clock,
  msMax: number,
  work: Promise<unknown>,
): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = clock.at(clock.now() + msMax, () => late.resolve(false));
  const ended = work.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([ended, late.promise]);
  } finally {
    timer.cancel();
  }
}

/**
 * The one place where what is thrown within an evaluation becomes a value: events are delivered many at a time, and no
 * expression may keep others from being evaluated.
 */

import { Failure } from './value.ts';

/** What the work gives, or why it could not be done. Nothing is thrown. */
export function guarded<T>(work: () => T): T | Failure {
  try {
    return work();
  } catch (error) {
    return failureOfThrown(error);
  }
}

/** For who evaluates so often that a closure for each time would show. */
export function failureOfThrown(error: unknown): Failure {
  // Data nested too deeply to compare or print exhausts the stack.
  if (error instanceof RangeError) return new Failure('the data is nested too deeply');
  return new Failure(error instanceof Error ? error.message : String(error));
}

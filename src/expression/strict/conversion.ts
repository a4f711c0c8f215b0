/**
 * Conversions where CEL itself is narrower than what functions of Inngest may write.
 */

import { convertToDuration, convertToUint } from '../conversion.ts';
import { Failure, type Value } from '../value.ts';

type Convert = (operands: readonly Value[]) => Value;

/** The first double that no longer fits. */
const uintDoubleMax = 2 ** 64;

export const strictConversions: ReadonlyMap<string, Convert> = new Map<string, Convert>([
  [
    'uint',
    ([value = null]) =>
      typeof value === 'number' && !(value >= 0 && value < uintDoubleMax)
        ? new Failure('unsigned integer overflow')
        : convertToUint(value),
  ],
  [
    'duration',
    ([value = null]) =>
      // Days and weeks are units of Inngest.
      typeof value === 'string' && /[dw]/.test(value)
        ? new Failure('duration() cannot read days and weeks')
        : convertToDuration(value),
  ],
]);

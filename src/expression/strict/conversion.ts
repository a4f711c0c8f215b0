/**
 * Conversions where CEL itself is narrower than what functions of Inngest may write.
 */

import { convertToDuration, convertToInt, convertToUint } from '../conversion.ts';
import { Failure, type Value } from '../value.ts';

type Convert = (operands: readonly Value[]) => Value;

/** The first doubles that no longer fit. */
const intDoubleMax = 2 ** 63;
const uintDoubleMax = 2 ** 64;

export const strictConversions: ReadonlyMap<string, Convert> = new Map<string, Convert>([
  [
    'int',
    ([value = null]) =>
      typeof value === 'number' && !(Math.abs(value) < intDoubleMax)
        ? new Failure('integer overflow')
        : convertToInt(value),
  ],
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

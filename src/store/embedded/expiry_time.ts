/** When a key expires: a time or a duration given as text, in seconds or milliseconds. */
import { parseInteger, parseWideInteger } from './number_text.ts';
import { CommandError } from './reply.ts';

const msMax = 2n ** 63n - 1n;
const msMin = -(2n ** 63n);

/**
 * In ms. `fromMs` is what the value counts from: now, or 0 for a point in time. Refuses what is not positive, as SET does,
 * unless `isPastAllowed`.
 */
export function expiryTimeOf(
  command: string,
  text: string,
  unitMs: 1 | 1000,
  fromMs: number,
  isPastAllowed = false,
): number {
  const usual = parseInteger(text) * unitMs;
  if (Number.isSafeInteger(usual + fromMs) && (usual > 0 || isPastAllowed)) return usual + fromMs;
  const value = parseWideInteger(text) * BigInt(unitMs);
  const isInRange = value >= msMin && value + BigInt(fromMs) <= msMax;
  if (!isInRange || (value <= 0n && !isPastAllowed)) {
    throw new CommandError(`ERR invalid expire time in '${command}' command`);
  }
  return Number(value) + fromMs;
}

/**
 * As a row says it. Redis takes later times than the 285 000 years that a number can count exactly; they are kept in
 * memory as they are, but a row that held one could not be read again.
 */
export function storedExpiry(atMs: number): number {
  return Math.min(atMs, Number.MAX_SAFE_INTEGER);
}

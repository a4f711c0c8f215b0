/** When a failed attempt is tried again (sdk-http-protocol.md §6.2). */

/** Delay after failed attempt 0, 1, 2 …; the last one repeats. */
export const backoffMs: readonly number[] = [
  15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_200_000, 2_400_000, 3_600_000, 7_200_000,
];

/** Added at random, so that what failed together is not retried together. */
const jitterMsMax = 30_000;

/** The table with this retry's jitter, or the fixed interval of `--retry-interval` without any. */
export function retryDelaysMs(fixedMs: number | null, random: () => number): readonly number[] {
  if (fixedMs !== null) return [fixedMs];
  const jitterMs = Math.floor(random() * jitterMsMax);
  return backoffMs.map((delayMs) => delayMs + jitterMs);
}

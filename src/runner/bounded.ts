/** Work on a list, a few items at a time. */

/** Calls `work` for every item, at most `atOnceMax` at once. Rejects with the first failure, after all ended. */
export async function forEachBounded<T>(
  items: readonly T[],
  atOnceMax: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const failures: unknown[] = [];
  const rest = items.values();
  const lane = async (): Promise<void> => {
    for (const item of rest) {
      try {
        await work(item);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnceMax, items.length) }, lane));
  if (failures.length > 0) throw failures[0];
}

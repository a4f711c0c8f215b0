/** Fair order of partitions: a weighted random permutation (queue.md §8). */

/** Priority 0 is highest, 9 lowest; every partition has the default until priorities can be set. */
const defaultPriority = 5;
const lowestWeight = 10;

/**
 * The partitions in random order, each position drawn with weight 10 − priority among those left, so that no
 * partition waits behind the same others every time.
 */
export function fairOrder(
  partitions: readonly string[],
  random: () => number,
  priorityOf: (partition: string) => number = () => defaultPriority,
): string[] {
  return partitions
    .map((partition) => {
      const weight = lowestWeight - priorityOf(partition);
      // Sorting by -ln(u)/w draws without replacement with probability proportional to w.
      return { partition, rank: -Math.log(1 - random()) / weight };
    })
    .sort((a, b) => a.rank - b.rank)
    .map((entry) => entry.partition);
}

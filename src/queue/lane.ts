/** Workers for one kind of partitions, and what they know to be due. */

/** Workers that nobody else takes, and the partitions that they serve. */
export interface Lane {
  readonly workers: number;
  busy: number;
  /** Partitions known to have work, in the order of their turns. */
  readonly hot: Set<string>;
  /** Those of them that this process has leased, so that no other serves them. */
  readonly held: Set<string>;
  /** Whether other processes were given its partitions since its last worker became busy. */
  isGivenUp: boolean;
}

export function laneOf(workers: number): Lane {
  return { workers, busy: 0, hot: new Set(), held: new Set(), isGivenUp: false };
}

export function hasRoom({ busy, workers }: Lane): boolean {
  return busy < workers;
}

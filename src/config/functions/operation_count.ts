/**
 * How much a run of a function has to remember at most. Each of its steps is one operation, and each wait on an edge is
 * one, which edges may share.
 */
import { waitKeyOf } from '../../function/dag.ts';
import type { Place } from './finding_list.ts';
import type { FoundStep } from './function_shape.ts';

/**
 * A run fails when it has a thousand operations behind it and is looked at once more (execution.md §21). This is also
 * what may be open at once.
 */
export const operationsMax = 999;

/** `place` is that of the steps. */
export function checkOperations(place: Place, steps: readonly FoundStep[]): void {
  const waits = new Set<string>();
  for (const { id, shape } of steps) {
    for (const { step: from, wait, async } of shape?.after ?? []) {
      const key = waitKeyOf({ from, wait, async }, id);
      if (key !== null) waits.add(key);
    }
  }
  const count = steps.length + waits.size;
  if (count <= operationsMax) return;
  place.refuse(
    `a function has at most ${operationsMax} steps and waits; this one has ${count}: ${steps.length} steps, and ${waits.size} waits on edges (each wait, and each async that differs from others of its step)`,
  );
}

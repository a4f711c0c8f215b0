/**
 * Paths into an event that conditions compare with literals, and their value in one event.
 */

import { entryOf, keyOf } from '../comparison.ts';
import type { Node } from '../syntax.ts';
import { isList, lift, type MapKey, unknown, type Value } from '../value.ts';

export interface Path {
  /** The same for all spellings of a path. */
  readonly key: string;
  readonly steps: readonly MapKey[];
}

/** What conditions on later events call them (execution.md §24.7). */
const rootName = 'async';

/** Longer paths are not indexed: walking them is what an index is to save. */
const stepsMax = 16;

/** The path that a node reads, or null when it is anything else. */
export function pathOf(node: Node): Path | null {
  const steps: MapKey[] = [];
  let rest = node;
  while (rest.kind !== 'name') {
    const step = stepOf(rest);
    if (step === null || steps.length === stepsMax) return null;
    steps.push(step.key);
    rest = step.operand;
  }
  if (rest.name !== rootName) return null;
  steps.reverse();
  return { key: steps.map(keyText).join(), steps };
}

function stepOf(node: Node): { readonly key: MapKey; readonly operand: Node } | null {
  if (node.kind === 'select') return { key: node.field, operand: node.operand };
  if (node.kind !== 'index' || node.index.kind !== 'literal') return null;
  const key = keyOf(node.index.value);
  return key === null ? null : { key, operand: node.operand };
}

function keyText(key: MapKey): string {
  return typeof key === 'string' ? JSON.stringify(key) : String(key);
}

/** As evaluation reads it: what is not there is `unknown` (execution.md §24.3). */
export function readPath(event: unknown, path: Path): Value {
  let value = lift(event);
  for (const step of path.steps) {
    const next =
      typeof step === 'bigint' && isList(value) ? value[Number(step)] : entryOf(value, step);
    if (next === undefined) return unknown;
    value = lift(next);
  }
  return value;
}

/** Comparing paths to values. */
import type { ValuePath } from '../evaluator.ts';

/** Also true for the path `start` itself. */
export function startsWith(path: ValuePath, start: ValuePath): boolean {
  return start.every((part, index) => path[index] === part);
}

export function isSamePath(path: ValuePath, other: ValuePath): boolean {
  return path.length === other.length && startsWith(path, other);
}

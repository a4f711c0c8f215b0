/**
 * The macros over lists and maps: `all`, `exists`, `exists_one`, `filter`, `map`. Conditions count by
 * truth, as everywhere (execution.md §24.5).
 */

import type { Budget } from './budget.ts';
import type { Frame, Run, Scope } from './frame.ts';
import { bodyNodesPerVisit } from './limits.ts';
import { type Comprehension, type Node, nodesIn } from './node.ts';
import {
  Failure,
  isAbsent,
  isList,
  isMap,
  isRecord,
  isTruthy,
  lift,
  typeNameOf,
  type Value,
} from './value.ts';

/** Runs a part of the macro for one element. */
type Step = (element: Value) => Value;

export function compileComprehension(
  node: Comprehension,
  scope: Scope,
  compileNode: (node: Node, scope: Scope) => Run,
): Run {
  const runRange = compileNode(node.range, scope);
  const inner = [...scope, node.variable];
  const runTest = node.test === null ? () => true : compileNode(node.test, inner);
  const runResult = node.result === null ? null : compileNode(node.result, inner);
  const visitsEach = visitsOf(node);
  const slot = scope.length;
  const stepOf =
    (run: Run, frame: Frame): Step =>
    (element) => {
      frame.locals[slot] = element;
      return run(frame);
    };
  return (frame) => {
    const range = runRange(frame);
    // A macro on a missing path is a call like any other (§24.3).
    if (isAbsent(range)) return false;
    const elements = elementsOf(range, visitsEach, frame.budget);
    if (elements instanceof Failure) return elements;
    const test = stepOf(runTest, frame);
    switch (node.macro) {
      case 'all':
        return search(elements, test, false);
      case 'exists':
        return search(elements, test, true);
      case 'exists_one':
        return elements.filter((element) => isTruthy(test(element))).length === 1;
      case 'filter':
        return elements.filter((element) => isTruthy(test(element)));
      case 'map':
        return collect(elements, test, stepOf(runResult ?? runTest, frame));
    }
  };
}

/** What going through one element costs: the more a macro has in it, the more. */
export function visitsOf({ test, result }: Comprehension): number {
  const nodes = (test === null ? 0 : nodesIn(test)) + (result === null ? 0 : nodesIn(result));
  return 1 + Math.floor(nodes / bodyNodesPerVisit);
}

/** A list's items or a map's keys. Each costs its visits, used or not. */
export function elementsOf(
  range: Value,
  visitsEach: number,
  budget: Budget,
): readonly Value[] | Failure {
  const items = isList(range)
    ? range
    : isMap(range)
      ? [...range.keys()]
      : isRecord(range)
        ? Object.keys(range)
        : null;
  if (items === null) return new Failure(`a ${typeNameOf(range)} has no elements to go through`);
  budget.spend(items.length * visitsEach);
  return items.map(lift);
}

/** Looks for an element whose test is `wanted`; an error counts only when there is none. */
function search(elements: readonly Value[], test: Step, wanted: boolean): Value {
  let failure: Failure | null = null;
  for (const element of elements) {
    const value = test(element);
    if (value instanceof Failure) failure ??= value;
    else if (isTruthy(value) === wanted) return wanted;
  }
  return failure ?? !wanted;
}

/** `map` adds results one by one, and adding something absent adds nothing (§24.3). */
function collect(elements: readonly Value[], test: Step, result: Step): Value {
  const results: Value[] = [];
  for (const element of elements) {
    if (!isTruthy(test(element))) continue;
    const value = result(element);
    if (!isAbsent(value)) results.push(value);
  }
  return results;
}

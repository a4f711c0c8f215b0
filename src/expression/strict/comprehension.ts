/**
 * The macros over lists and maps. `all` and `exists` are long `&&` and `||`: the element that decides absorbs the errors
 * of the others. In `exists_one`, `filter` and `map` every error counts.
 */

import { elementsOf, visitsOf } from '../comprehension.ts';
import type { Comprehension, Node } from '../syntax.ts';
import { Failure, isAbsent, type Value } from '../value.ts';
import { asBoolean, type Context, failureOf, type Strict } from './context.ts';

type Test = (element: Value) => boolean | Failure;
type Result = (element: Value) => Value;

export function compileMacro(
  node: Comprehension,
  context: Context,
  compile: (node: Node, context: Context) => Strict,
): Strict {
  const runRange = compile(node.range, context);
  const inner = { ...context, scope: [...context.scope, node.variable] };
  const runTest: Strict = node.test === null ? () => true : compile(node.test, inner);
  const runResult = node.result === null ? null : compile(node.result, inner);
  const visitsEach = visitsOf(node);
  const slot = context.scope.length;
  return (frame) => {
    const range = runRange(frame);
    if (isAbsent(range)) return failureOf(range);
    const elements = elementsOf(range, visitsEach, frame.budget);
    if (elements instanceof Failure) return elements;
    const at = (run: Strict, element: Value): Value => {
      frame.locals[slot] = element;
      return run(frame);
    };
    const test: Test = (element) => asBoolean(at(runTest, element));
    const result: Result = (element) => (runResult === null ? element : at(runResult, element));
    switch (node.macro) {
      case 'all':
        return search(elements, test, false);
      case 'exists':
        return search(elements, test, true);
      case 'exists_one': {
        const found = collect(elements, test, (element) => element);
        return found instanceof Failure ? found : found.length === 1;
      }
      case 'filter':
      case 'map':
        return collect(elements, test, result);
    }
  };
}

function search(elements: readonly Value[], test: Test, wanted: boolean): Value {
  let failure: Failure | null = null;
  for (const element of elements) {
    const value = test(element);
    if (value === wanted) return wanted;
    if (value instanceof Failure) failure ??= value;
  }
  return failure ?? !wanted;
}

function collect(elements: readonly Value[], test: Test, result: Result): Value[] | Failure {
  const results: Value[] = [];
  for (const element of elements) {
    const isWanted = test(element);
    if (isWanted instanceof Failure) return isWanted;
    if (!isWanted) continue;
    const value = result(element);
    if (isAbsent(value)) return failureOf(value);
    results.push(value);
  }
  return results;
}

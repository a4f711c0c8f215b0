/**
 * Whether a case of the specification gives what it should.
 */
import { Budget } from '../../../src/expression/budget.ts';
import { equals } from '../../../src/expression/comparison.ts';
import { evaluateStrictly } from '../../../src/expression/strict/evaluate.ts';
import { textOf } from '../../../src/expression/text.ts';
import {
  isList,
  isMap,
  isRecord,
  lift,
  typeNameOf,
  type Value,
} from '../../../src/expression/value.ts';
import type { Case } from './cases.ts';

/** Null when it does; else what it gave instead. */
export function complaintOf({ text, vars, container, expected }: Case): string | null {
  const result = evaluateStrictly(text, vars, container);
  if (expected.kind === 'error') {
    return result.ok ? `gave ${shown(result.value)} instead of an error` : null;
  }
  if (!result.ok) return `gave the error ${JSON.stringify(result.message.split('\n')[0])}`;
  return isSame(result.value, expected.value)
    ? null
    : `gave ${shown(result.value)} instead of ${shown(expected.value)}`;
}

/** Equal and of the same type all the way down. NaN is what it is. */
function isSame(left: Value, right: Value): boolean {
  if (typeNameOf(left) !== typeNameOf(right)) return false;
  if (typeof left === 'number') return Object.is(left, right);
  if (isList(left) && isList(right)) {
    return (
      left.length === right.length &&
      left.every((item, index) => isSame(lift(item), lift(right[index])))
    );
  }
  if ((isMap(left) || isRecord(left)) && (isMap(right) || isRecord(right))) {
    return equals(left, right, new Budget());
  }
  return equals(left, right, new Budget());
}

function shown(value: Value): string {
  return `${typeNameOf(value)} ${textOf(value).slice(0, 80)}`;
}

/**
 * Equality between anything, order between what has one.
 */

import type { Budget } from '../budget.ts';
import { compare } from '../comparison.ts';
import type { Comparison } from '../syntax.ts';
import { Failure, isAbsent, Uint, unknown, type Value } from '../value.ts';
import { type Dialect, failureOf } from './context.ts';

export function compareStrictly(
  operator: Comparison,
  left: Value,
  right: Value,
  budget: Budget,
  dialect: Dialect,
): Value {
  const isEquality = operator === '==' || operator === '!=';
  if (isAbsent(left) || isAbsent(right)) {
    const [absent, other] = isAbsent(left) ? [left, right] : [right, left];
    // Asking whether something is missing is the one thing that it answers (graphql.md §7.3).
    const isNullTest = isEquality && other === null && absent === unknown && dialect === 'search';
    return isNullTest ? operator === '==' : failureOf(left instanceof Failure ? left : absent);
  }
  if (!isEquality && (left === null || right === null)) return new Failure('null has no order');
  return dialect === 'standard'
    ? compare(operator, ...meetingAsDoubles(left, right), budget)
    : compare(operator, left, right, budget);
}

/** Integers that meet a double are compared as doubles, as cel-go does, unless they lie beyond all integers. */
function meetingAsDoubles(left: Value, right: Value): [Value, Value] {
  if (typeof left === 'number') return [left, nearest(right)];
  return typeof right === 'number' ? [nearest(left), right] : [left, right];
}

function nearest(value: Value): Value {
  if (value instanceof Uint) return Number(value.value);
  return typeof value === 'bigint' ? Number(value) : value;
}

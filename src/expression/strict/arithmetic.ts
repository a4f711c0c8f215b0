/**
 * `+ - * / %` and negation between operands of one type, or of those types that CEL has an overload for.
 */

import { calculate, negated, yearOneNanos } from '../arithmetic.ts';
import type { Budget } from '../budget.ts';
import type { Arithmetic } from '../syntax.ts';
import {
  Duration,
  Failure,
  isAbsent,
  isList,
  Timestamp,
  typeNameOf,
  Uint,
  type Value,
} from '../value.ts';
import { type Dialect, failureOf } from './context.ts';

export function calculateStrictly(
  operator: Arithmetic,
  left: Value,
  right: Value,
  budget: Budget,
  dialect: Dialect,
): Value {
  if (isAbsent(left)) return failureOf(left);
  if (isAbsent(right)) return failureOf(right);
  if (!hasOverload(operator, left, right, dialect)) {
    const operands = `${typeNameOf(left)} ${operator} ${typeNameOf(right)}`;
    return new Failure(`no such overload: ${operands}`);
  }
  if (operator === '%' && left === -(2n ** 63n) && right === -1n) {
    return new Failure('integer overflow');
  }
  const result = calculate(operator, left, right, budget);
  return result instanceof Timestamp ? inYearsOfCel(result) : result;
}

export function negateStrictly(value: Value): Value {
  return isAbsent(value) ? failureOf(value) : negated(value);
}

/** The layouts of dates without a year give one of the year 0, which CEL does not have. */
export function inYearsOfCel(value: Timestamp): Timestamp | Failure {
  return value.nanos >= yearOneNanos ? value : new Failure('timestamp is out of range');
}

function hasOverload(operator: Arithmetic, left: Value, right: Value, dialect: Dialect): boolean {
  if (isNumber(left) && isNumber(right)) {
    if (dialect === 'search') return true;
    return typeNameOf(left) === typeNameOf(right) && (operator !== '%' || typeof left !== 'number');
  }
  if (left instanceof Duration || left instanceof Timestamp) return true;
  return operator === '+' && (isConcatenation(left, right) || right instanceof Timestamp);
}

function isNumber(value: Value): boolean {
  return typeof value === 'number' || typeof value === 'bigint' || value instanceof Uint;
}

function isConcatenation(left: Value, right: Value): boolean {
  if (typeof left === 'string') return typeof right === 'string';
  if (left instanceof Uint8Array) return right instanceof Uint8Array;
  return isList(left) && isList(right);
}

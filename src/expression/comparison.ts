/**
 * Equality and order: across number types, with null and with absent operands (execution.md §24.3–24.5).
 */

import type { Budget } from './budget.ts';
import { charsPerVisit } from './limits.ts';
import type { Comparison } from './syntax.ts';
import {
  Duration,
  Failure,
  isAbsent,
  isList,
  isMap,
  isRecord,
  lift,
  type MapKey,
  Timestamp,
  TypeName,
  typeNameOf,
  Uint,
  type Value,
} from './value.ts';

/** What an operator is with its sides exchanged. */
export const mirrored: Readonly<Record<Comparison, Comparison>> = {
  '==': '==',
  '!=': '!=',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
};

export function compare(operator: Comparison, left: Value, right: Value, budget: Budget): Value {
  if (isAbsent(left) || isAbsent(right)) return compareAbsent(operator, left, right);
  if (operator === '==') return equals(left, right, budget);
  if (operator === '!=') return !equals(left, right, budget);
  spendOnTexts(left, right, charsPerVisit.converted, budget);
  const order = orderOf(left, right);
  if (order instanceof Failure) return order;
  switch (operator) {
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
  }
}

/** The table of execution.md §24.3: an absent left side is below everything, an absent right side too. */
function compareAbsent(operator: Comparison, left: Value, right: Value): boolean {
  if (operator === '==' || operator === '!=') {
    const withNull = left === null || right === null;
    return withNull === (operator === '==');
  }
  const isLess = operator === '<' || operator === '<=';
  return isAbsent(left) ? isLess : !isLess;
}

/** Comparing long texts is work. */
function spendOnTexts(left: Value, right: Value, each: number, budget: Budget): void {
  if (typeof left !== 'string' || typeof right !== 'string') return;
  const chars = Math.min(left.length, right.length);
  if (chars > each) budget.spend(Math.floor(chars / each));
}

/** Deep equality. Values of different types are unequal; numbers of different types are compared. */
export function equals(left: Value, right: Value, budget: Budget): boolean {
  spendOnTexts(left, right, charsPerVisit.compared, budget);
  if (left === right) return true;
  if (left === null || right === null) return false;
  if (typeof left !== 'object' && typeof left === typeof right) return false;
  const order = orderOfNumbers(left, right);
  if (order !== null) return order === 0;
  if (typeof left !== 'object' || typeof right !== 'object') return false;
  if (left instanceof Timestamp && right instanceof Timestamp) return left.nanos === right.nanos;
  if (left instanceof Duration && right instanceof Duration) return left.nanos === right.nanos;
  if (left instanceof TypeName && right instanceof TypeName) return left.name === right.name;
  if (left instanceof Uint8Array && right instanceof Uint8Array) {
    budget.spend(Math.floor(left.length / charsPerVisit.compared));
    return Buffer.compare(left, right) === 0;
  }
  if (isList(left) && isList(right)) {
    if (left.length !== right.length) return false;
    budget.spend(left.length);
    return left.every((item, index) => equals(lift(item), lift(right[index]), budget));
  }
  return mapsEqual(left, right, budget);
}

function mapsEqual(left: Value, right: Value, budget: Budget): boolean {
  if (!(isRecord(left) || isMap(left)) || !(isRecord(right) || isMap(right))) return false;
  const keys: MapKey[] = isMap(left) ? [...left.keys()] : Object.keys(left);
  budget.spend(keys.length);
  if (keys.length !== (isMap(right) ? right.size : Object.keys(right).length)) return false;
  return keys.every((key) => {
    const found = entryOf(right, key);
    return found !== undefined && equals(lift(entryOf(left, key)), lift(found), budget);
  });
}

/** A map's own entry, or undefined. What JavaScript objects inherit is not data. */
export function entryOf(container: Value, key: MapKey): unknown {
  if (isRecord(container)) {
    return typeof key === 'string' && Object.hasOwn(container, key) ? container[key] : undefined;
  }
  return isMap(container) ? container.get(key) : undefined;
}

/** What is at an index of a list or a key of a map; undefined when nothing is. */
export function elementOf(container: Value, at: Value): unknown {
  const key = keyOf(at);
  if (key === null) return undefined;
  if (!isList(container)) return entryOf(container, key);
  // A position within a list is far below 2^53, so Number loses nothing that matters.
  return typeof key === 'bigint' && key >= 0n ? container[Number(key)] : undefined;
}

/** `in`, with operands that are there. */
export function isMember(item: Value, container: Value, budget: Budget): boolean | Failure {
  if (isList(container)) {
    budget.spend(container.length);
    return container.some((other) => equals(item, lift(other), budget));
  }
  if (!isRecord(container) && !isMap(container)) {
    return new Failure(`no such overload: in ${typeNameOf(container)}`);
  }
  const key = keyOf(item);
  return key !== null && entryOf(container, key) !== undefined;
}

/** The key that a value is in a map, or null when it cannot be one: 1, 1.0 and 1u are one key. */
export function keyOf(value: Value): MapKey | null {
  if (value instanceof Uint) return value.value;
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value;
  const isKey =
    typeof value === 'string' || typeof value === 'boolean' || typeof value === 'bigint';
  return isKey ? value : null;
}

/** Negative, zero or positive; NaN when unordered (a NaN operand); a failure when types do not compare. */
export function orderOf(left: Value, right: Value): number | Failure {
  if (typeof left === 'string' && typeof right === 'string') return orderOfTexts(left, right);
  const numbers = orderOfNumbers(left, right);
  if (numbers !== null) return numbers;
  if (left === null || right === null) return orderWithNull(left, right);
  if (typeof left === 'boolean' && typeof right === 'boolean') return Number(left) - Number(right);
  if (left instanceof Timestamp && right instanceof Timestamp) return sign(left.nanos, right.nanos);
  if (left instanceof Duration && right instanceof Duration) return sign(left.nanos, right.nanos);
  if (left instanceof Uint8Array && right instanceof Uint8Array) return Buffer.compare(left, right);
  return new Failure(`invalid type comparison: ${typeNameOf(left)} with ${typeNameOf(right)}`);
}

/** By code points, as UTF-8 has them: JavaScript's order puts half of a pair below the last letters of plane 0. */
function orderOfTexts(left: string, right: string): number {
  return orderedOtherwise.test(left) || orderedOtherwise.test(right)
    ? Buffer.compare(Buffer.from(left), Buffer.from(right))
    : sign(left, right);
}

/** Half a pair included, which UTF-8 replaces by U+FFFD. */
const orderedOtherwise = /[\ud800-\uffff]/;

const pairUnits = 0x0800;
const unitsAbovePairs = 0x2000;

/** A text of the same length whose order in JavaScript is the order of the text here. */
export function orderKey(text: string): string {
  if (!orderedOtherwise.test(text)) return text;
  return text.toWellFormed().replace(/[\ud800-\uffff]/g, (unit) => {
    const code = unit.charCodeAt(0);
    return String.fromCharCode(code < 0xe000 ? code + unitsAbovePairs : code - pairUnits);
  });
}

/** Null is the zero of the other operand's type (execution.md §24.4). */
function orderWithNull(left: Value, right: Value): number | Failure {
  const other = left ?? right;
  if (other === null) return 0;
  const zero = zeroOf(other);
  if (zero === null) return new Failure(`invalid type comparison: null with ${typeNameOf(other)}`);
  return orderOf(left ?? zero, right ?? zero);
}

function zeroOf(value: Value): Value {
  if (typeof value === 'string') return '';
  if (typeof value === 'boolean') return false;
  return typeof value === 'number' || typeof value === 'bigint' || value instanceof Uint
    ? 0n
    : null;
}

/** JavaScript compares bigint with number exactly. Null when either side is not a number. */
function orderOfNumbers(left: Value, right: Value): number | null {
  const a = left instanceof Uint ? left.value : left;
  const b = right instanceof Uint ? right.value : right;
  if (typeof a !== 'number' && typeof a !== 'bigint') return null;
  if (typeof b !== 'number' && typeof b !== 'bigint') return null;
  return sign(a, b);
}

function sign<T extends string | number | bigint>(a: T, b: T): number {
  if (a < b) return -1;
  if (a > b) return 1;
  return a >= b ? 0 : Number.NaN;
}

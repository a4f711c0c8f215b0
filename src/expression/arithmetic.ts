/**
 * `+ - * / %` and negation on operands that are present. Numbers of one type keep it (integers are
 * 64-bit and never wrap); numbers of different types meet as doubles.
 */

import type { Budget } from './budget.ts';
import { builtCharsMax, charsPerVisit } from './limits.ts';
import type { Arithmetic } from './syntax.ts';
import { textOf } from './text.ts';
import { Duration, Failure, isList, Timestamp, typeNameOf, Uint, type Value } from './value.ts';

const intMin = -(2n ** 63n);
const intMax = 2n ** 63n - 1n;
const uintMax = 2n ** 64n - 1n;

export function calculate(operator: Arithmetic, left: Value, right: Value, budget: Budget): Value {
  const number = numberResult(operator, left, right);
  if (number !== null) return number;
  const instant = instantResult(operator, left, right);
  if (instant !== null) return instant;
  if (operator === '+') return join(left, right, budget);
  return noOverload(operator, left, right);
}

export function negated(value: Value): Value {
  if (typeof value === 'number') return -value;
  if (typeof value === 'bigint') return toInt(-value);
  return new Failure(`no such overload: -${typeNameOf(value)}`);
}

/** An integer within 64 bits, or why not. */
export function toInt(value: bigint): Value {
  if (value < intMin || value > intMax) return new Failure('integer overflow');
  return value;
}

export function toUint(value: bigint): Value {
  if (value < 0n || value > uintMax) return new Failure('unsigned integer overflow');
  return new Uint(value);
}

/** Concatenation: like with like, and the texts of what differs (`'a' + 9.1` is `a9.1`, §24.5). */
function join(left: Value, right: Value, budget: Budget): Value {
  if (isList(left) && isList(right)) {
    budget.spend(left.length + right.length);
    return [...left, ...right];
  }
  if (left instanceof Uint8Array && right instanceof Uint8Array) {
    budget.spend(Math.ceil((left.length + right.length) / charsPerVisit.built));
    if (left.length + right.length > builtCharsMax) return new Failure('bytes are too long');
    return new Uint8Array(Buffer.concat([left, right]));
  }
  const type = typeNameOf(left);
  if (type === typeNameOf(right) && type !== 'string') return noOverload('+', left, right);
  const [start, end] = [printed(left, budget), printed(right, budget)];
  budget.spend(Math.ceil((start.length + end.length) / charsPerVisit.built));
  if (start.length + end.length > builtCharsMax) return new Failure('text is too long');
  return start + end;
}

function printed(value: Value, budget: Budget): string {
  const text = textOf(value);
  if (typeof value === 'object') budget.spend(Math.ceil(text.length / charsPerVisit.printed));
  return text;
}

function numberResult(operator: Arithmetic, left: Value, right: Value): Value | null {
  if (typeof left === 'number' && typeof right === 'number') {
    return calculateDoubles(operator, left, right);
  }
  const [a, b] = [numberOf(left), numberOf(right)];
  if (a === null || b === null) return null;
  if (typeof a === 'bigint' && typeof b === 'bigint') {
    const bothUnsigned = left instanceof Uint && right instanceof Uint;
    return calculateIntegers(operator, a, b, bothUnsigned ? toUint : toInt);
  }
  return calculateDoubles(operator, Number(a), Number(b));
}

function numberOf(value: Value): number | bigint | null {
  if (value instanceof Uint) return value.value;
  return typeof value === 'number' || typeof value === 'bigint' ? value : null;
}

function calculateDoubles(operator: Arithmetic, a: number, b: number): number {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '%':
      return a % b;
  }
}

function calculateIntegers(
  operator: Arithmetic,
  a: bigint,
  b: bigint,
  bounded: (value: bigint) => Value,
): Value {
  switch (operator) {
    case '+':
      return bounded(a + b);
    case '-':
      return bounded(a - b);
    case '*':
      return bounded(a * b);
    case '/':
      return b === 0n ? new Failure('division by zero') : bounded(a / b);
    case '%':
      return b === 0n ? new Failure('modulus by zero') : bounded(a % b);
  }
}

function instantResult(operator: Arithmetic, left: Value, right: Value): Value | null {
  if (operator !== '+' && operator !== '-') return null;
  const factor = operator === '+' ? 1n : -1n;
  if (right instanceof Duration) {
    if (left instanceof Timestamp) return shifted(left, factor * right.nanos);
    if (left instanceof Duration) return toDuration(left.nanos + factor * right.nanos);
  }
  if (right instanceof Timestamp && left instanceof Duration && operator === '+') {
    return shifted(right, left.nanos);
  }
  if (right instanceof Timestamp && left instanceof Timestamp && operator === '-') {
    return toDuration(left.nanos - right.nanos);
  }
  return null;
}

/** The first instant of the year 1, and of CEL's timestamps. */
export const yearOneNanos = -62_135_596_800n * 1_000_000_000n;

/** Only what is in the year 0 already, a stamp without a year (§24.6), may stay there. */
function shifted({ nanos }: Timestamp, byNanos: bigint): Value {
  const isBelow = nanos >= yearOneNanos && nanos + byNanos < yearOneNanos;
  return isBelow ? new Failure('timestamp is out of range') : toTimestamp(nanos + byNanos);
}

/** CEL's timestamps lie in the years 1 to 9999; the stamp layouts of §24.6 also give year 0. */
const timestampNanosMin = -62_167_219_200n * 1_000_000_000n;
const timestampNanosMax = 253_402_300_800n * 1_000_000_000n - 1n;

export function toTimestamp(nanos: bigint): Value {
  const isWithin = nanos >= timestampNanosMin && nanos <= timestampNanosMax;
  return isWithin ? new Timestamp(nanos) : new Failure('timestamp is out of range');
}

export function toDuration(nanos: bigint): Value {
  const isWithin = nanos >= intMin && nanos <= intMax;
  return isWithin ? new Duration(nanos) : new Failure('duration is out of range');
}

function noOverload(operator: string, left: Value, right: Value): Failure {
  return new Failure(`no such overload: ${typeNameOf(left)} ${operator} ${typeNameOf(right)}`);
}

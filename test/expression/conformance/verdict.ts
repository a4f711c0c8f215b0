/**
 * Whether a case of the specification gives what it should.
 */
import { Budget } from '../../../src/expression/budget.ts';
import { equals } from '../../../src/expression/comparison.ts';
import { prepare } from '../../../src/expression/compile_cache.ts';
import { runProgram } from '../../../src/expression/expression.ts';
import { textOf } from '../../../src/expression/text.ts';
import { Failure, isList, lift, typeNameOf, type Value } from '../../../src/expression/value.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import type { Case } from './cases.ts';
import { evaluateStrictly } from './standard_evaluation.ts';

/** How a case is evaluated. */
export type Evaluate = (of: Case) => Value;

/** The language of the specification. */
export const strictly: Evaluate = ({ text, vars, container }) => {
  const result = evaluateStrictly(text, vars, container);
  return result.ok ? result.value : new Failure(result.message);
};

/** The language of functions: the evaluation behind triggers, waits and keys. */
export const leniently: Evaluate = ({ text, vars }) => {
  const prepared = prepare(text);
  if (!prepared.ok) return new Failure(prepared.message);
  return runProgram(prepared.program.run, vars, systemClock, [prepared.literals]);
};

/** Null when it does; else what it gave instead. */
export function complaintOf(of: Case, evaluate: Evaluate): string | null {
  const { expected } = of;
  const value = evaluate(of);
  if (expected.kind === 'error') {
    return value instanceof Failure ? null : `gave ${shown(value)} instead of an error`;
  }
  if (value instanceof Failure) {
    return `gave the error ${JSON.stringify(value.message.split('\n')[0])}`;
  }
  return isSame(value, expected.value)
    ? null
    : `gave ${shown(value)} instead of ${shown(expected.value)}`;
}

/** The complaints about cases, by their ids. */
export function complaintsOf(
  cases: readonly Case[],
  evaluate: Evaluate,
): ReadonlyMap<string, string> {
  return new Map(
    cases.flatMap((each) => {
      const complaint = complaintOf(each, evaluate);
      return complaint === null ? [] : [[each.id, complaint] as const];
    }),
  );
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
  return equals(left, right, new Budget());
}

function shown(value: Value): string {
  return `${typeNameOf(value)} ${textOf(value).slice(0, 80)}`;
}

/**
 * `&&`, `||`, `!` and `?:`. By the specification they take booleans, and the side that decides absorbs the error of the
 * other one. In searches anything that is there counts as it does elsewhere (execution.md §24.5), so that
 * `event.data.email` asks whether there is one.
 */

import { compileAnd, compileOr } from '../program.ts';
import { Failure, isAbsent, isTruthy } from '../value.ts';
import { asBoolean, type Dialect, failureOf, type Strict } from './context.ts';

interface Logic {
  readonly and: (operands: readonly Strict[]) => Strict;
  readonly or: (operands: readonly Strict[]) => Strict;
  readonly conditional: (test: Strict, yes: Strict, no: Strict) => Strict;
}

export const logicOf: Readonly<Record<Dialect, Logic>> = {
  standard: {
    and: (operands) => compileChain(operands, false),
    or: (operands) => compileChain(operands, true),
    conditional: compileConditional,
  },
  search: {
    and: (operands) => compileAnd(operands.map(present)),
    or: (operands) => compileOr(operands.map(present)),
    conditional: compileLooseConditional,
  },
};

/** `decisive` is what settles the chain: `true` for `||`, `false` for `&&`. */
function compileChain(operands: readonly Strict[], decisive: boolean): Strict {
  return (frame) => {
    let failure: Failure | null = null;
    for (const operand of operands) {
      const value = asBoolean(operand(frame));
      if (value === decisive) return decisive;
      if (value instanceof Failure) failure ??= value;
    }
    return failure ?? !decisive;
  };
}

export function compileNot(operand: Strict): Strict {
  return (frame) => {
    const value = asBoolean(operand(frame));
    return value instanceof Failure ? value : !value;
  };
}

function compileConditional(test: Strict, yes: Strict, no: Strict): Strict {
  return (frame) => {
    const value = asBoolean(test(frame));
    if (value instanceof Failure) return value;
    return value ? yes(frame) : no(frame);
  };
}

function compileLooseConditional(test: Strict, yes: Strict, no: Strict): Strict {
  return (frame) => {
    const value = test(frame);
    if (isAbsent(value)) return failureOf(value);
    return isTruthy(value) ? yes(frame) : no(frame);
  };
}

/** What is missing fails. */
function present(operand: Strict): Strict {
  return (frame) => {
    const value = operand(frame);
    return isAbsent(value) ? failureOf(value) : value;
  };
}

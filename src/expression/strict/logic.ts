/**
 * `&&`, `||`, `!` and `?:` over booleans. The side that decides absorbs the error of the other one.
 */

import { Failure } from '../value.ts';
import { asBoolean, type Strict } from './context.ts';

/** `decisive` is what settles the chain: `true` for `||`, `false` for `&&`. */
export function compileChain(operands: readonly Strict[], decisive: boolean): Strict {
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

export function compileConditional(test: Strict, yes: Strict, no: Strict): Strict {
  return (frame) => {
    const value = asBoolean(test(frame));
    if (value instanceof Failure) return value;
    return value ? yes(frame) : no(frame);
  };
}

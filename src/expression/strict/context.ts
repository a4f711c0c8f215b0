/**
 * What a strict program is compiled for.
 */

import type { Frame, Scope } from '../frame.ts';
import { Failure, isAbsent, typeNameOf, type Value } from '../value.ts';

/**
 * `standard` is CEL as its specification has it. `search` is CEL over JSON documents: whether something is missing can
 * be asked (`output.x == null`), and numbers of different types may be calculated with, since those of JSON are doubles.
 */
export type Dialect = 'standard' | 'search';

export interface Context {
  /** The macros around a node, outermost first. */
  readonly scope: Scope;
  readonly dialect: Dialect;
  /** The namespace in which names are looked up first, `a.b`; empty for none. */
  readonly container: string;
}

export const missing = new Failure('an operand is missing');

/** The failure that an absent operand is. */
export function failureOf(value: Value): Failure {
  return value instanceof Failure ? value : missing;
}

/** A value that must be true or false. */
export function asBoolean(value: Value): boolean | Failure {
  if (typeof value === 'boolean') return value;
  return isAbsent(value)
    ? failureOf(value)
    : new Failure(`no such overload: a ${typeNameOf(value)} is neither true nor false`);
}

/** As compiled code: what a node gives in a frame. */
export type Strict = (frame: Frame) => Value;

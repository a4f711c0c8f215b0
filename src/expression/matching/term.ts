/**
 * What conditions compare a path with: a literal that stands in the text, or one that was lifted out of it.
 */

import { keyOf } from '../comparison.ts';
import { type Literals, literalsName } from '../lifting.ts';
import type { Literal, Node } from '../syntax.ts';
import { type MapKey, Uint, type Value } from '../value.ts';

export type Term =
  | { readonly kind: 'fixed'; readonly value: Literal }
  | { readonly kind: 'lifted'; readonly name: string; readonly isNegative: boolean };

/** A literal's name in a lifted text, or the literal itself; null when the node is neither. */
export function termOf(node: Node): Term | null {
  if (node.kind === 'literal') return { kind: 'fixed', value: node.value };
  if (node.kind === 'negate') {
    const term = termOf(node.operand);
    return term?.kind === 'lifted' ? { ...term, isNegative: !term.isNegative } : null;
  }
  const isLifted =
    node.kind === 'select' && node.operand.kind === 'name' && node.operand.name === literalsName;
  return isLifted ? { kind: 'lifted', name: node.field, isNegative: false } : null;
}

/** Undefined when it has none: a text with a sign in front, which fails in evaluation. */
export function literalOf(term: Term, literals: Literals): Literal | undefined {
  if (term.kind === 'fixed') return term.value;
  const value = literals[term.name];
  if (!term.isNegative) return value;
  return typeof value === 'number' || typeof value === 'bigint' ? -value : undefined;
}

/**
 * What equal values have in common: numbers of all types that are equal share a key. Undefined for what is not
 * compared by key; null is its own.
 */
export function hashKey(value: Value | undefined): MapKey | null | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  const isNumber = typeof value === 'number' || typeof value === 'bigint' || value instanceof Uint;
  return isNumber ? numberKey(value) : undefined;
}

/** A double when there is an equal one, which a map finds faster than a bigint. */
function numberKey(value: number | bigint | Uint): MapKey | undefined {
  if (typeof value === 'number') return value;
  const whole = keyOf(value);
  if (typeof whole !== 'bigint') return undefined;
  const double = Number(whole);
  return BigInt(double) === whole ? double : whole;
}

/**
 * What the engines of a match set have in common: each answers for one kind of access path.
 */

import type { Literals } from '../lifting.ts';
import type { Access } from './plan.ts';

/** An expression in the set, as the engines know it. */
export interface Entry {
  readonly literals: Literals;
  /** Its place in the order of additions, different for each. */
  readonly number: number;
}

export interface Engine<Kind extends Access['kind'], E extends Entry> {
  add(access: Extract<Access, { kind: Kind }>, entry: E): void;
  /** With the same access as it was added. */
  remove(access: Extract<Access, { kind: Kind }>, entry: E): void;
  /** Visits every entry whose predicates hold; it may visit others, and one more than once. */
  collect(event: unknown, visit: (entry: E) => void): void;
  /** Whether nothing is left in it. */
  readonly isEmpty: boolean;
}

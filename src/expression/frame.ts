/**
 * What a compiled expression runs on.
 */

import type { Surroundings } from './functions.ts';
import type { RecordValue, Value } from './value.ts';

/** The data and counters of one evaluation. */
export interface Frame extends Surroundings {
  readonly vars: RecordValue;
  /** Values of macro variables, by the depth of their macro. */
  readonly locals: Value[];
}

export type Run = (frame: Frame) => Value;

/** The variables of the macros around a node, outermost first. */
export type Scope = readonly string[];

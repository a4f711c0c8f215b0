/**
 * CEL as its specification has it, over whatever variables there are: what the specification's own cases run on.
 */

import { systemClock } from '../../lib/clock.ts';
import { type Failed, runProgram, type Variables } from '../expression.ts';
import { parse } from '../syntax.ts';
import { Failure, type Value } from '../value.ts';
import { compileStrict } from './program.ts';

export type StrictlyEvaluated = { readonly ok: true; readonly value: Value } | Failed;

/** `container` is the namespace in which names are looked up first. Never throws. */
export function evaluateStrictly(text: string, vars: Variables, container = ''): StrictlyEvaluated {
  const parsed = parse(text);
  if (!parsed.ok) return parsed;
  const run = compileStrict(parsed.tree, { scope: [], dialect: 'standard', container });
  const value = runProgram(run, vars, systemClock);
  return value instanceof Failure
    ? { ok: false, message: `expression errored: ${value.message}` }
    : { ok: true, value };
}

/**
 * CEL as its specification has it, over whatever variables there are: what the specification's own cases run on.
 */

import { type Failed, runProgram, type Variables } from '../../../src/expression/expression.ts';
import { compileStrict } from '../../../src/expression/strict/program.ts';
import { parse } from '../../../src/expression/syntax.ts';
import { Failure, type Value } from '../../../src/expression/value.ts';
import { systemClock } from '../../../src/lib/clock.ts';

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

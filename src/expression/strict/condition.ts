/**
 * Conditions of searches over stored documents.
 */

import { systemClock } from '../../lib/clock.ts';
import { runProgram, type Variables } from '../expression.ts';
import type { Node } from '../syntax.ts';
import { isTruthy } from '../value.ts';
import { compileStrict } from './program.ts';

/**
 * Whether a document satisfies a condition. What the document lacks and what does not fit its types fails the operation
 * that meets it, as in CEL, and a failure is no match. Only `== null` and `!= null` can be asked of what is missing. A
 * result that is no boolean counts by its truth (execution.md §24.5). Never throws.
 */
export function compileCondition(tree: Node): (vars: Variables) => boolean {
  const run = compileStrict(tree, { scope: [], dialect: 'search', container: '' });
  return (vars) => isTruthy(runProgram(run, vars, systemClock));
}

/**
 * What an expression refers to.
 */

import { functions } from './functions.ts';
import { type Node, partsOf } from './node.ts';
import { isTypeName } from './program.ts';

export { partsOf } from './node.ts';

/** Calls `visit` for every name that no macro binds. */
export function eachFreeName(
  node: Node,
  visit: (name: Extract<Node, { kind: 'name' }>) => void,
  bound: readonly string[] = [],
): void {
  if (node.kind === 'name' && !isBound(node, bound)) visit(node);
  for (const part of partsOf(node)) {
    const isInside = node.kind === 'comprehension' && part !== node.range;
    eachFreeName(part, visit, isInside ? [...bound, node.variable] : bound);
  }
}

/** Whether a macro around the name binds it; one with a dot in front reaches past all of them. */
function isBound(node: Extract<Node, { kind: 'name' }>, bound: readonly string[]): boolean {
  return node.isRooted !== true && bound.includes(node.name);
}

/** `a.b.c` of a chain of fields on a name, or null. */
export function dottedName(node: Node): string | null {
  if (node.kind === 'name') return node.name;
  if (node.kind !== 'select') return null;
  const operand = dottedName(node.operand);
  return operand === null ? null : `${operand}.${node.field}`;
}

/**
 * Whether a node reads `names`, literals and types only, and gives the same result at any time. `bound`
 * are the variables of the macros around it.
 */
export function dependsOnlyOn(
  names: ReadonlySet<string>,
  node: Node,
  bound: readonly string[],
): boolean {
  let isFixed = hasPureCallsOnly(node);
  if (!isFixed) return false;
  eachFreeName(node, (free) => {
    const { name } = free;
    if (isBound(free, bound) || (!names.has(name) && !isTypeName(name))) isFixed = false;
  });
  return isFixed;
}

function hasPureCallsOnly(node: Node): boolean {
  if (node.kind === 'call' && functions.get(node.name)?.isPure !== true) return false;
  return partsOf(node).every(hasPureCallsOnly);
}

/**
 * What an expression refers to.
 */

import { functions } from './functions.ts';
import { isTypeName } from './program.ts';
import type { Node } from './syntax.ts';

/** The direct parts of a node, in the order in which they are written. */
export function partsOf(node: Node): readonly Node[] {
  switch (node.kind) {
    case 'literal':
    case 'name':
      return [];
    case 'select':
    case 'has':
    case 'not':
    case 'negate':
      return [node.operand];
    case 'index':
      return [node.operand, node.index];
    case 'call':
      return node.receiver === null ? node.args : [node.receiver, ...node.args];
    case 'list':
      return node.items;
    case 'map':
      return node.entries.flat();
    case 'and':
    case 'or':
      return node.operands;
    case 'conditional':
      return [node.test, node.yes, node.no];
    case 'compare':
    case 'arithmetic':
      return [node.left, node.right];
    case 'in':
      return [node.item, node.container];
    case 'comprehension':
      return [node.range, node.test, node.result].filter((part) => part !== null);
  }
}

/** Calls `visit` for every name that no macro binds. */
export function eachFreeName(
  node: Node,
  visit: (name: Extract<Node, { kind: 'name' }>) => void,
  bound: readonly string[] = [],
): void {
  if (node.kind === 'name' && !bound.includes(node.name)) visit(node);
  for (const part of partsOf(node)) {
    const isInside = node.kind === 'comprehension' && part !== node.range;
    eachFreeName(part, visit, isInside ? [...bound, node.variable] : bound);
  }
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
  eachFreeName(node, ({ name }) => {
    if (bound.includes(name) || (!names.has(name) && !isTypeName(name))) isFixed = false;
  });
  return isFixed;
}

function hasPureCallsOnly(node: Node): boolean {
  if (node.kind === 'call' && functions.get(node.name)?.isPure !== true) return false;
  return partsOf(node).every(hasPureCallsOnly);
}

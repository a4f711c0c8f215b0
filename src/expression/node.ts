/**
 * The syntax tree of an expression: macros are nodes, and chains of `&&` and `||` are flat.
 */

import type { Uint } from './value.ts';

export type Literal = null | boolean | number | bigint | string | Uint8Array | Uint;

export const comparisons = ['==', '!=', '<', '<=', '>', '>='] as const;
export type Comparison = (typeof comparisons)[number];
export type Arithmetic = '+' | '-' | '*' | '/' | '%';
export type Macro = 'all' | 'exists' | 'exists_one' | 'map' | 'filter';

/** `at` is the offset in the text, for messages. */
export type Node = { readonly at: number } & (
  | { readonly kind: 'literal'; readonly value: Literal }
  /** `isRooted` when written `.name`: no macro around it binds it. */
  | { readonly kind: 'name'; readonly name: string; readonly isRooted?: true }
  | { readonly kind: 'select'; readonly operand: Node; readonly field: string }
  | { readonly kind: 'index'; readonly operand: Node; readonly index: Node }
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly receiver: Node | null;
      readonly args: readonly Node[];
    }
  | { readonly kind: 'list'; readonly items: readonly Node[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [Node, Node])[] }
  | { readonly kind: 'and' | 'or'; readonly operands: readonly Node[] }
  | { readonly kind: 'conditional'; readonly test: Node; readonly yes: Node; readonly no: Node }
  | { readonly kind: 'not' | 'negate'; readonly operand: Node }
  | {
      readonly kind: 'compare';
      readonly operator: Comparison;
      readonly left: Node;
      readonly right: Node;
    }
  | {
      readonly kind: 'arithmetic';
      readonly operator: Arithmetic;
      readonly left: Node;
      readonly right: Node;
    }
  | { readonly kind: 'in'; readonly item: Node; readonly container: Node }
  | { readonly kind: 'has'; readonly operand: Node; readonly field: string }
  | Comprehension
);

export interface Comprehension {
  readonly kind: 'comprehension';
  readonly macro: Macro;
  readonly range: Node;
  readonly variable: string;
  /** The condition of `filter`, `all`, `exists`, `exists_one` and of `map` with three arguments. */
  readonly test: Node | null;
  /** What `map` gives for an element; null for the others. */
  readonly result: Node | null;
}

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

/** How many nodes a tree has. */
export function nodesIn(node: Node): number {
  return partsOf(node).reduce((count, part) => count + nodesIn(part), 1);
}

/** Members of a document as expressions name them: `event.data.items[0].sku`. */
import type { Node } from '../../expression/syntax.ts';

export interface Path {
  /** The variable at its start. */
  readonly root: string;
  /** The members by name, outermost first; positions in lists and computed members are left out. */
  readonly fields: readonly string[];
  /** Whether `fields` says all of it. */
  readonly isExact: boolean;
}

/** Null when the node is anything but a walk into a variable. */
export function pathOf(node: Node): Path | null {
  if (node.kind === 'name') return { root: node.name, fields: [], isExact: true };
  if (node.kind !== 'select' && node.kind !== 'index') return null;
  const path = pathOf(node.operand);
  if (path === null) return null;
  const field = fieldOf(node);
  return field === null
    ? { ...path, isExact: false }
    : { ...path, fields: [...path.fields, field] };
}

function fieldOf(node: Extract<Node, { kind: 'select' | 'index' }>): string | null {
  if (node.kind === 'select') return node.field;
  const { index } = node;
  return index.kind === 'literal' && typeof index.value === 'string' ? index.value : null;
}

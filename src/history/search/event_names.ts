/** Which event names a condition admits: what an index on names can leave out without reading a payload. */
import type { Node } from '../../expression/syntax.ts';
import { pathOf } from './path.ts';

/** The names of which one must be the event's for all `trees` to hold; null when any name will do. */
export function namesOf(trees: readonly Node[]): readonly string[] | null {
  let names: readonly string[] | null = null;
  for (const tree of trees) {
    const admitted = namesIn(tree);
    if (admitted === null) continue;
    names = names === null ? admitted : names.filter((name) => admitted.includes(name));
  }
  return names;
}

function namesIn(node: Node): readonly string[] | null {
  switch (node.kind) {
    case 'and':
      return namesOf(node.operands);
    case 'or':
      return unionOf(node.operands.map(namesIn));
    case 'compare':
      if (node.operator !== '==') return null;
      if (isName(node.left)) return literalsOf(node.right);
      return isName(node.right) ? literalsOf(node.left) : null;
    case 'in':
      return isName(node.item) && node.container.kind === 'list'
        ? unionOf(node.container.items.map(literalsOf))
        : null;
    default:
      return null;
  }
}

function unionOf(parts: readonly (readonly string[] | null)[]): readonly string[] | null {
  const names = new Set<string>();
  for (const part of parts) {
    if (part === null) return null;
    for (const name of part) names.add(name);
  }
  return [...names];
}

/** An event's name is always text: it equals no other literal. */
function literalsOf(node: Node): readonly string[] | null {
  if (node.kind !== 'literal') return null;
  return typeof node.value === 'string' ? [node.value] : [];
}

function isName(node: Node): boolean {
  const path = pathOf(node);
  return (
    path?.root === 'event' && path.isExact && path.fields.length === 1 && path.fields[0] === 'name'
  );
}

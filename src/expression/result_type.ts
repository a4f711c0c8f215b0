/**
 * Whether an expression can be a condition at all: what it gives is known before any data is there when its last
 * operation is a text, a number, a date, a list or a map.
 */

import { staticTypeOf } from './static_type.ts';
import { locate, type Node, parse } from './syntax.ts';

/**
 * Why the expression can never hold, with line and column in `text`, or null when it may give `true`. Text that does
 * not parse is null too: `validate` reports it.
 */
export function booleanProblem(text: string): string | null {
  const parsed = parse(text);
  if (!parsed.ok) return null;
  const found = neverBoolean(parsed.tree);
  if (found === null) return null;
  const message = `the condition gives a ${found.type}, never true or false; compare it with something`;
  return locate(message, text, found.at);
}

interface Found {
  readonly type: string;
  readonly at: number;
}

/** Where a value comes from that is no boolean; null as soon as one way through the expression may give one. */
function neverBoolean(node: Node): Found | null {
  switch (node.kind) {
    case 'conditional':
      return firstWhenAll([node.yes, node.no].map(neverBoolean));
    case 'and':
    case 'or':
      return firstWhenAll(node.operands.map(neverBoolean));
    case 'negate':
      return { type: 'number', at: node.at };
    case 'arithmetic':
      return node.operator === '+' ? neverBooleanSum(node) : { type: 'number', at: node.at };
    default: {
      const type = staticTypeOf(node);
      return type === 'any' || type === 'bool' ? null : { type, at: node.at };
    }
  }
}

/** `+` gives the operand that is there when the other is missing or an error (§24.3); literals always are there. */
function neverBooleanSum({ left, right, at }: Extract<Node, { kind: 'arithmetic' }>): Found | null {
  const [first, second] = [neverBoolean(left), neverBoolean(right)];
  const literal = left.kind === 'literal' ? first : right.kind === 'literal' ? second : null;
  const found = literal ?? firstWhenAll([first, second]);
  return found && { ...found, at };
}

function firstWhenAll(found: readonly (Found | null)[]): Found | null {
  const [first = null] = found;
  return found.includes(null) ? null : first;
}

/**
 * Types that are certain before any data is there. Data is of any type, so only literals and the results
 * of functions can be wrong; what evaluation has a rule for is never refused (execution.md §24.1, §24.5).
 */

import { partsOf } from './free_names.ts';
import type { Node } from './syntax.ts';
import { typeNameOf } from './value.ts';

/** What is wrong, and at which offset of the text. */
export interface Problem {
  readonly message: string;
  readonly at: number;
}

/** `any` is everything that depends on data; numbers are one type because they compare and mix. */
type StaticType = string;

const resultTypes: ReadonlyMap<string, StaticType> = new Map([
  ['bool', 'bool'],
  ['bytes', 'bytes'],
  ['contains', 'bool'],
  ['date', 'google.protobuf.Timestamp'],
  ['double', 'number'],
  ['duration', 'google.protobuf.Duration'],
  ['endsWith', 'bool'],
  ['int', 'number'],
  ['matches', 'bool'],
  ['now', 'google.protobuf.Timestamp'],
  ['now_minus', 'google.protobuf.Timestamp'],
  ['now_plus', 'google.protobuf.Timestamp'],
  ['size', 'number'],
  ['startsWith', 'bool'],
  ['timestamp', 'google.protobuf.Timestamp'],
  ['uint', 'number'],
]);

/** The first place where the types cannot fit whatever the data is, or null. */
export function typeProblem(node: Node): Problem | null {
  for (const part of partsOf(node)) {
    const problem = typeProblem(part);
    if (problem !== null) return problem;
  }
  const message = problemOf(node);
  return message === null ? null : { message, at: node.at };
}

function problemOf(node: Node): string | null {
  if (node.kind === 'not') {
    const type = typeOf(node.operand);
    return type === 'any' || type === 'bool'
      ? null
      : `no matching overload for '!' applied to (${type})`;
  }
  if (node.kind === 'compare') {
    const [left, right] = [typeOf(node.left), typeOf(node.right)];
    if (left === right || [left, right].some((type) => type === 'any' || type === 'null'))
      return null;
    return `no matching overload for '${node.operator}' applied to (${left}, ${right})`;
  }
  if (node.kind === 'arithmetic' && node.operator !== '+') {
    const wrong = [node.left, node.right].map(typeOf).find((type) => notCalculable.has(type));
    return wrong === undefined
      ? null
      : `no matching overload for '${node.operator}' applied to ${wrong}`;
  }
  return null;
}

const notCalculable: ReadonlySet<StaticType> = new Set([
  'bool',
  'bytes',
  'list',
  'map',
  'null',
  'string',
]);

function typeOf(node: Node): StaticType {
  switch (node.kind) {
    case 'literal': {
      const name = typeNameOf(node.value);
      if (name === 'null_type') return 'null';
      return name === 'int' || name === 'uint' || name === 'double' ? 'number' : name;
    }
    case 'list':
    case 'map':
      return node.kind;
    case 'compare':
    case 'in':
    case 'not':
    case 'has':
      return 'bool';
    case 'comprehension':
      return node.macro === 'map' || node.macro === 'filter' ? 'list' : 'bool';
    case 'call':
      return resultTypes.get(node.name) ?? 'any';
    case 'conditional': {
      const [yes, no] = [typeOf(node.yes), typeOf(node.no)];
      return yes === no ? yes : 'any';
    }
    default:
      return 'any';
  }
}

/**
 * Types that are certain before any data is there. Data is of any type, so only literals and the results
 * of functions can be wrong; what evaluation has a rule for is never refused (execution.md §24.1, §24.5).
 */

import { getterNames } from './calendar.ts';
import type { Node } from './syntax.ts';
import { typeNameOf } from './value.ts';

/** What is wrong, and at which offset of the text. */
export interface Problem {
  readonly message: string;
  readonly at: number;
}

/** `any` is everything that depends on data; numbers are one type because they compare and mix. */
export type StaticType = string;

export const timestampType: StaticType = 'google.protobuf.Timestamp';
export const durationType: StaticType = 'google.protobuf.Duration';

const resultTypes: ReadonlyMap<string, StaticType> = new Map([
  ['b64decode', 'string'],
  ['bool', 'bool'],
  ['bytes', 'bytes'],
  ['contains', 'bool'],
  ['date', timestampType],
  ['double', 'number'],
  ['duration', durationType],
  ['endsWith', 'bool'],
  ['int', 'number'],
  ['json_parse', 'map'],
  ['lowercase', 'string'],
  ['matches', 'bool'],
  ['now', timestampType],
  ['now_minus', timestampType],
  ['now_plus', timestampType],
  ['size', 'number'],
  ['startsWith', 'bool'],
  ['string', 'string'],
  ['timestamp', timestampType],
  ['type', 'type'],
  ['uint', 'number'],
  ['uppercase', 'string'],
  ...getterNames.map((name): [string, StaticType] => [name, 'number']),
]);

/** What is wrong with an operator, or null. Calls are checked elsewhere. */
export function operatorProblem(node: Node): Problem | null {
  const message = mismatch(node);
  return message === null ? null : { message, at: node.at };
}

function mismatch(node: Node): string | null {
  switch (node.kind) {
    case 'not':
      return unary('!', staticTypeOf(node.operand), 'bool');
    case 'negate':
      return unary('-', staticTypeOf(node.operand), 'number');
    case 'compare': {
      const [left, right] = [staticTypeOf(node.left), staticTypeOf(node.right)];
      const isEquality = node.operator === '==' || node.operator === '!=';
      const fits =
        left === right ? isEquality || !unordered.has(left) : isOpen(left) || isOpen(right);
      return fits ? null : noOverload(node.operator, left, right);
    }
    case 'arithmetic': {
      const [left, right] = [staticTypeOf(node.left), staticTypeOf(node.right)];
      return canCalculate(node.operator, left, right)
        ? null
        : noOverload(node.operator, left, right);
    }
    case 'in': {
      const container = staticTypeOf(node.container);
      if (isContainer(container)) return null;
      return `no matching overload for 'in': a ${container} contains nothing`;
    }
    case 'comprehension': {
      const range = staticTypeOf(node.range);
      return isContainer(range) ? null : `a ${range} has no elements to go through`;
    }
    default:
      return null;
  }
}

/** What can be equal, but not less or more. */
const unordered: ReadonlySet<StaticType> = new Set(['list', 'map', 'type']);

function isOpen(type: StaticType): boolean {
  return type === 'any' || type === 'null';
}

function isContainer(type: StaticType): boolean {
  return type === 'any' || type === 'list' || type === 'map';
}

function unary(operator: string, type: StaticType, wanted: StaticType): string | null {
  if (type === 'any' || type === wanted) return null;
  return `no matching overload for '${operator}' applied to (${type})`;
}

function noOverload(operator: string, left: StaticType, right: StaticType): string {
  return `no matching overload for '${operator}' applied to (${left}, ${right})`;
}

/** Of one type, these can be added; of different ones, everything becomes text (§24.5). */
const addable: ReadonlySet<StaticType> = new Set([
  'any',
  'bytes',
  'list',
  'number',
  'string',
  durationType,
]);

function canCalculate(operator: string, left: StaticType, right: StaticType): boolean {
  if (operator === '+') return left !== right || addable.has(left);
  const numeric = [left, right].every((type) => type === 'any' || type === 'number');
  if (numeric) return true;
  return operator === '-' && differenceOf(left, right) !== null;
}

/** What `left - right` is between instants; null when there is no such difference. */
function differenceOf(left: StaticType, right: StaticType): StaticType | null {
  const isInstant = (type: StaticType): boolean =>
    type === timestampType || type === durationType || type === 'any';
  if (!isInstant(left) || !isInstant(right)) return null;
  if (left === 'any' || right === 'any') return 'any';
  if (left === right) return durationType;
  return left === timestampType ? timestampType : null;
}

export function staticTypeOf(node: Node): StaticType {
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
    case 'conditional':
      return common([node.yes, node.no]);
    case 'and':
    case 'or':
      return common(node.operands);
    case 'negate':
      return staticTypeOf(node.operand) === 'number' ? 'number' : 'any';
    case 'arithmetic':
      return resultOf(node.operator, staticTypeOf(node.left), staticTypeOf(node.right));
    default:
      return 'any';
  }
}

function common(nodes: readonly Node[]): StaticType {
  const [first = 'any', ...others] = nodes.map(staticTypeOf);
  return others.every((type) => type === first) ? first : 'any';
}

function resultOf(operator: string, left: StaticType, right: StaticType): StaticType {
  if (left === 'number' && right === 'number') return 'number';
  if (operator === '-') return differenceOf(left, right) ?? 'any';
  if (operator !== '+') return 'any';
  if (left === 'string' || right === 'string') return 'string';
  if (left === right) return left;
  const isShifted = [left, right].includes(timestampType) && [left, right].includes(durationType);
  return isShifted ? timestampType : 'any';
}

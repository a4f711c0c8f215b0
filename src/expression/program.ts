/**
 * A syntax tree made into closures that evaluate it. The rules of absent operands, truth and null are
 * those of execution.md §24.3–24.5.
 */

import { calculate, negated } from './arithmetic.ts';
import { compare, elementOf, entryOf, isMember, keyOf } from './comparison.ts';
import { compileComprehension } from './comprehension.ts';
import type { Run, Scope } from './frame.ts';
import { findFunction } from './functions.ts';
import type { Node } from './syntax.ts';
import {
  Failure,
  isAbsent,
  isTruthy,
  lift,
  type MapKey,
  TypeName,
  typeNameOf,
  unknown,
  type Value,
} from './value.ts';

/** The names that stand for types when the data has no such variable. */
const typeNames: ReadonlySet<string> = new Set([
  'bool',
  'bytes',
  'double',
  'google.protobuf.Duration',
  'google.protobuf.Timestamp',
  'int',
  'list',
  'map',
  'null_type',
  'string',
  'type',
  'uint',
]);

export function compileNode(node: Node, scope: Scope): Run {
  switch (node.kind) {
    case 'literal': {
      const { value } = node;
      return () => value;
    }
    case 'name':
      return compileName(node.name, node.isRooted === true ? [] : scope);
    case 'select':
      return compileSelect(node, scope);
    case 'index':
      return compileIndex(node, scope);
    case 'call':
      return compileCall(node, scope);
    case 'list':
      return compileList(node, scope);
    case 'map':
      return compileMap(node, scope);
    case 'and':
      return compileAnd(node.operands.map((operand) => compileNode(operand, scope)));
    case 'or':
      return compileOr(node.operands.map((operand) => compileNode(operand, scope)));
    case 'conditional': {
      const test = compileNode(node.test, scope);
      const yes = compileNode(node.yes, scope);
      const no = compileNode(node.no, scope);
      return (frame) => (isTruthy(test(frame)) ? yes(frame) : no(frame));
    }
    case 'not':
    case 'negate':
      return compileUnary(node, scope);
    case 'compare':
    case 'arithmetic':
      return compileBinary(node, scope);
    case 'in':
      return compileIn(node, scope);
    case 'has': {
      const operand = compileNode(node.operand, scope);
      const { field } = node;
      return (frame) => entryOf(operand(frame), field) !== undefined;
    }
    case 'comprehension':
      return compileComprehension(node, scope, compileNode);
  }
}

/** Whether a dotted name means a type rather than data. */
export function isTypeName(name: string): boolean {
  return typeNames.has(name);
}

function compileName(name: string, scope: Scope): Run {
  const slot = scope.lastIndexOf(name);
  if (slot !== -1) return (frame) => frame.locals[slot] ?? null;
  const fallback = isTypeName(name) ? new TypeName(name) : unknown;
  return ({ vars }) => (Object.hasOwn(vars, name) ? lift(vars[name]) : fallback);
}

/** A run of fields is walked in one closure: most of what expressions do. */
function compileSelect(node: Extract<Node, { kind: 'select' }>, scope: Scope): Run {
  const fields: string[] = [];
  let root: Node = node;
  while (root.kind === 'select') {
    fields.unshift(root.field);
    root = root.operand;
  }
  const start = compileNode(root, scope);
  const dotted = root.kind === 'name' ? [root.name, ...fields].join('.') : '';
  const type = isTypeName(dotted) ? new TypeName(dotted) : null;
  return (frame) => {
    let value = start(frame);
    if (value instanceof Failure) return value;
    for (const field of fields) {
      // Walking through anything but a map is a missing path, null included (§24.3).
      const next = entryOf(value, field);
      if (next === undefined) return type ?? unknown;
      value = lift(next);
    }
    return value;
  };
}

function compileIndex(node: Extract<Node, { kind: 'index' }>, scope: Scope): Run {
  const operand = compileNode(node.operand, scope);
  const index = compileNode(node.index, scope);
  return (frame) => {
    const container = operand(frame);
    if (isAbsent(container)) return container;
    const at = index(frame);
    return isAbsent(at) ? unknown : lift(elementOf(container, at));
  };
}

function compileCall(node: Extract<Node, { kind: 'call' }>, scope: Scope): Run {
  const { name, receiver, args } = node;
  const found = findFunction(name, receiver !== null, args.length);
  if (found instanceof Failure) return () => found;
  const nodes = receiver === null ? args : [receiver, ...args];
  const operands = nodes.map((operand) => compileNode(operand, scope));
  // An absent operand makes every function false, and a missing list has no elements (§24.3).
  const whenAbsent = name === 'size' ? 0n : false;
  return (frame) => {
    const values: Value[] = [];
    for (const operand of operands) {
      const value = operand(frame);
      if (isAbsent(value)) return whenAbsent;
      values.push(value);
    }
    return found.run(values, frame);
  };
}

function compileList(node: Extract<Node, { kind: 'list' }>, scope: Scope): Run {
  const items = node.items.map((item) => compileNode(item, scope));
  return (frame) => {
    const values: Value[] = [];
    for (const item of items) {
      const value = item(frame);
      // As in cel-go, a list that cannot be completed is absent as a whole.
      if (isAbsent(value)) return value;
      values.push(value);
    }
    return values;
  };
}

function compileMap(node: Extract<Node, { kind: 'map' }>, scope: Scope): Run {
  const entries = node.entries.map(
    ([key, value]) => [compileNode(key, scope), compileNode(value, scope)] as const,
  );
  return (frame) => {
    const values = new Map<MapKey, unknown>();
    for (const [runKey, runValue] of entries) {
      const [keyValue, value] = [runKey(frame), runValue(frame)];
      if (isAbsent(keyValue)) return keyValue;
      if (isAbsent(value)) return value;
      const key = keyOf(keyValue);
      if (key === null) return new Failure(`a ${typeNameOf(keyValue)} cannot be a map key`);
      if (values.has(key)) return new Failure('a map key is repeated');
      values.set(key, value);
    }
    return values;
  };
}

/**
 * The first falsy operand, or the last; with booleans that is CEL's own `&&`. A `false` on the right
 * absorbs an error on the left (§24.5).
 */
export function compileAnd(operands: readonly Run[]): Run {
  return (frame) => {
    let result: Value = true;
    for (const operand of operands) {
      const value = operand(frame);
      if (result instanceof Failure) {
        if (value === false) result = false;
      } else {
        result = value;
      }
      if (!isTruthy(result) && !(result instanceof Failure)) return result;
    }
    return result;
  };
}

/** The first truthy operand, or the last. An error survives only next to `false` (§24.5). */
export function compileOr(operands: readonly Run[]): Run {
  return (frame) => {
    let result: Value = false;
    for (const operand of operands) {
      const value = operand(frame);
      if (isTruthy(value)) return value;
      if (!(result instanceof Failure && value === false)) result = value;
    }
    return result;
  };
}

function compileUnary(node: Extract<Node, { kind: 'not' | 'negate' }>, scope: Scope): Run {
  const operand = compileNode(node.operand, scope);
  if (node.kind === 'negate') {
    return (frame) => {
      const value = operand(frame);
      return isAbsent(value) ? false : negated(value);
    };
  }
  return (frame) => {
    const value = operand(frame);
    if (typeof value === 'boolean') return !value;
    return isAbsent(value) ? false : new Failure(`no such overload: !${typeNameOf(value)}`);
  };
}

function compileBinary(node: Extract<Node, { kind: 'compare' | 'arithmetic' }>, scope: Scope): Run {
  const left = compileNode(node.left, scope);
  const right = compileNode(node.right, scope);
  if (node.kind === 'compare') {
    const { operator } = node;
    return (frame) => compare(operator, left(frame), right(frame), frame.budget);
  }
  const { operator } = node;
  return (frame) => {
    const [a, b] = [left(frame), right(frame)];
    if (!isAbsent(a) && !isAbsent(b)) return calculate(operator, a, b, frame.budget);
    // `+` gives the operand that is there; the others are functions like any (§24.3).
    if (operator !== '+' || (isAbsent(a) && isAbsent(b))) return false;
    return isAbsent(a) ? b : a;
  };
}

function compileIn(node: Extract<Node, { kind: 'in' }>, scope: Scope): Run {
  const runItem = compileNode(node.item, scope);
  const runContainer = compileNode(node.container, scope);
  return (frame) => {
    const [item, container] = [runItem(frame), runContainer(frame)];
    if (isAbsent(item) || isAbsent(container)) return false;
    return isMember(item, container, frame.budget);
  };
}

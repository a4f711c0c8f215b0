/**
 * A syntax tree made into closures that evaluate it as CEL's specification says: what is missing or does not fit is an
 * error, and an error ends what meets it except `&&`, `||`, `all` and `exists`.
 */

import { elementOf, entryOf, isMember, keyOf } from '../comparison.ts';
import { findFunction } from '../functions.ts';
import type { Node } from '../syntax.ts';
import {
  Failure,
  isAbsent,
  isList,
  isMap,
  isRecord,
  lift,
  type MapKey,
  Timestamp,
  typeNameOf,
  Uint,
  type Value,
} from '../value.ts';
import { calculateStrictly, inYearsOfCel, negateStrictly } from './arithmetic.ts';
import { compareStrictly } from './comparison.ts';
import { compileMacro } from './comprehension.ts';
import { type Context, failureOf, type Strict } from './context.ts';
import { strictConversions } from './conversion.ts';
import { compileNot, logicOf } from './logic.ts';
import { compilePath } from './names.ts';

export function compileStrict(node: Node, context: Context): Strict {
  const compiled = (part: Node): Strict => compileStrict(part, context);
  const logic = logicOf[context.dialect];
  switch (node.kind) {
    case 'literal': {
      const { value } = node;
      return () => value;
    }
    case 'name':
    case 'select':
      return compilePath(node, context, compileStrict);
    case 'index':
      return compileIndex(compiled(node.operand), compiled(node.index), context);
    case 'call':
      return compileCall(node, context);
    case 'list':
      return compileList(node.items.map(compiled));
    case 'map':
      return compileMap(node.entries.map(([key, value]) => [compiled(key), compiled(value)]));
    case 'and':
      return logic.and(node.operands.map(compiled));
    case 'or':
      return logic.or(node.operands.map(compiled));
    case 'conditional':
      return logic.conditional(compiled(node.test), compiled(node.yes), compiled(node.no));
    case 'not':
      return compileNot(compiled(node.operand));
    case 'negate': {
      const operand = compiled(node.operand);
      return (frame) => negateStrictly(operand(frame));
    }
    case 'compare': {
      const [left, right] = [compiled(node.left), compiled(node.right)];
      return (frame) =>
        compareStrictly(node.operator, left(frame), right(frame), frame.budget, context.dialect);
    }
    case 'arithmetic': {
      const [left, right] = [compiled(node.left), compiled(node.right)];
      return (frame) =>
        calculateStrictly(node.operator, left(frame), right(frame), frame.budget, context.dialect);
    }
    case 'in':
      return compileIn(compiled(node.item), compiled(node.container));
    case 'has':
      return compileHas(compiled(node.operand), node.field);
    case 'comprehension':
      return compileMacro(node, context, compileStrict);
  }
}

function compileIndex(operand: Strict, index: Strict, { dialect }: Context): Strict {
  return (frame) => {
    const [container, at] = [operand(frame), index(frame)];
    if (isAbsent(container)) return container;
    if (isAbsent(at)) return failureOf(at);
    const found = lift(elementOf(container, at));
    return isAbsent(found) && dialect === 'standard' ? absentElement(container, at) : found;
  };
}

function absentElement(container: Value, at: Value): Failure {
  if (isList(container)) return new Failure('invalid argument: no such index');
  const isContainer = isMap(container) || isRecord(container);
  return new Failure(
    isContainer && keyOf(at) !== null
      ? 'no such key'
      : `no such overload: ${typeNameOf(container)}[${typeNameOf(at)}]`,
  );
}

function compileCall(node: Extract<Node, { kind: 'call' }>, context: Context): Strict {
  const { name, receiver, args } = node;
  const found = findFunction(name, receiver !== null, args.length);
  if (found instanceof Failure) return () => found;
  const nodes = receiver === null ? args : [receiver, ...args];
  const operands = nodes.map((operand) => compileStrict(operand, context));
  const run = receiver === null ? (strictConversions.get(name) ?? found.run) : found.run;
  return (frame) => {
    const values: Value[] = [];
    for (const operand of operands) {
      const value = operand(frame);
      if (isAbsent(value)) return failureOf(value);
      values.push(value);
    }
    const result = run(values, frame);
    return result instanceof Timestamp ? inYearsOfCel(result) : result;
  };
}

function compileList(items: readonly Strict[]): Strict {
  return (frame) => {
    const values: Value[] = [];
    for (const item of items) {
      const value = item(frame);
      if (isAbsent(value)) return failureOf(value);
      values.push(value);
    }
    return values;
  };
}

function compileMap(entries: readonly (readonly [Strict, Strict])[]): Strict {
  return (frame) => {
    const values = new Map<MapKey, unknown>();
    for (const [runKey, runValue] of entries) {
      const [keyValue, value] = [runKey(frame), runValue(frame)];
      if (isAbsent(keyValue)) return failureOf(keyValue);
      if (isAbsent(value)) return failureOf(value);
      const key = isKey(keyValue) ? keyOf(keyValue) : null;
      if (key === null) return new Failure(`unsupported key type: ${typeNameOf(keyValue)}`);
      if (values.has(key)) return new Failure('a map key is repeated');
      values.set(key, value);
    }
    return values;
  };
}

/** A double may look for a key, but not be one. */
function isKey(value: Value): boolean {
  return value instanceof Uint || ['string', 'bigint', 'boolean'].includes(typeof value);
}

function compileIn(runItem: Strict, runContainer: Strict): Strict {
  return (frame) => {
    const [item, container] = [runItem(frame), runContainer(frame)];
    if (isAbsent(item)) return failureOf(item);
    if (isAbsent(container)) return failureOf(container);
    return isMember(item, container, frame.budget);
  };
}

function compileHas(operand: Strict, field: string): Strict {
  return (frame) => {
    const container = operand(frame);
    if (isAbsent(container)) return failureOf(container);
    if (isRecord(container) || isMap(container)) return entryOf(container, field) !== undefined;
    return new Failure(`no such overload: a ${typeNameOf(container)} has no fields`);
  };
}

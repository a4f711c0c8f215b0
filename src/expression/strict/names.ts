/**
 * Names and the fields behind them. Data may have variables whose names have dots, and a container in which names are
 * looked up first: the longest name that there is wins, as in CEL's name resolution.
 */

import { entryOf } from '../comparison.ts';
import type { Frame } from '../frame.ts';
import { isTypeName } from '../program.ts';
import type { Node } from '../syntax.ts';
import {
  Failure,
  isAbsent,
  isMap,
  isRecord,
  lift,
  TypeName,
  typeNameOf,
  unknown,
  type Value,
} from '../value.ts';
import { type Context, failureOf, type Strict } from './context.ts';

type Path = Extract<Node, { kind: 'name' | 'select' }>;

export function compilePath(
  node: Path,
  context: Context,
  compile: (node: Node, context: Context) => Strict,
): Strict {
  const fields: string[] = [];
  let root: Node = node;
  while (root.kind === 'select') {
    fields.unshift(root.field);
    root = root.operand;
  }
  if (root.kind !== 'name') {
    const start = compile(root, context);
    return (frame) => walk(start(frame), fields, context);
  }
  const { name } = root;
  const slot = root.isRooted === true ? -1 : context.scope.lastIndexOf(name);
  if (slot !== -1) return (frame) => walk(frame.locals[slot] ?? null, fields, context);
  const container = root.isRooted === true ? '' : context.container;
  const candidates = candidatesOf([name, ...fields], container).filter(
    // What is searched has variables of one word.
    ({ dotted, rest }) =>
      context.dialect === 'standard' || rest.length === fields.length || isTypeName(dotted),
  );
  return (frame) => {
    for (const { dotted, rest } of candidates) {
      const value = meaningOf(dotted, frame);
      if (value !== undefined) return walk(value, rest, context);
    }
    return context.dialect === 'search'
      ? unknown
      : new Failure(`undeclared reference to '${name}'`);
  };
}

interface Candidate {
  readonly dotted: string;
  /** The fields behind the name. */
  readonly rest: readonly string[];
}

/** The longest name first, and each of them in the innermost namespace first. */
function candidatesOf(parts: readonly string[], container: string): readonly Candidate[] {
  const spaces = container === '' ? [] : container.split('.');
  return parts.flatMap((_, i) => {
    const length = parts.length - i;
    const name = parts.slice(0, length).join('.');
    const rest = parts.slice(length);
    const inSpaces = spaces.map((_, outer) => {
      const space = spaces.slice(0, spaces.length - outer).join('.');
      return { dotted: `${space}.${name}`, rest };
    });
    return [...inSpaces, { dotted: name, rest }];
  });
}

/** A variable of that name, else a type. */
function meaningOf(dotted: string, { vars }: Frame): Value | undefined {
  if (Object.hasOwn(vars, dotted)) return lift(vars[dotted]);
  return isTypeName(dotted) ? new TypeName(dotted) : undefined;
}

function walk(start: Value, fields: readonly string[], { dialect }: Context): Value {
  let value = start;
  for (const field of fields) {
    if (isAbsent(value)) return value;
    const next = entryOf(value, field);
    if (next !== undefined) value = lift(next);
    else return dialect === 'search' ? unknown : absentField(value, field);
  }
  return dialect === 'standard' && value === unknown ? failureOf(value) : value;
}

function absentField(value: Value, field: string): Failure {
  return isRecord(value) || isMap(value)
    ? new Failure(`no such key: ${field}`)
    : new Failure(`no such overload: a ${typeNameOf(value)} has no fields`);
}

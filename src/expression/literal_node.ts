/**
 * A value as the syntax that evaluates to it.
 */

import type { Literal, Node } from './syntax.ts';
import {
  Boxed,
  Duration,
  durationText,
  isList,
  isMap,
  lift,
  Timestamp,
  TypeName,
  timestampText,
  Uint,
  type Value,
} from './value.ts';

export function literalNode(value: Value, at: number): Node {
  const literal = (of: Literal): Node => ({ kind: 'literal', value: of, at });
  const call = (name: string, argument: Literal): Node => ({
    kind: 'call',
    name,
    receiver: null,
    args: [literal(argument)],
    at,
  });
  if (value === null || typeof value !== 'object') return literal(value);
  if (value instanceof Uint8Array || value instanceof Uint) return literal(value);
  if (value instanceof Timestamp) return call('timestamp', timestampText(value));
  if (value instanceof Duration) return call('duration', durationText(value));
  if (value instanceof TypeName) return typeNode(value.name, at);
  if (value instanceof Boxed) return failingNode(at);
  if (isList(value)) {
    return { kind: 'list', items: value.map((item) => literalNode(lift(item), at)), at };
  }
  const entries = isMap(value) ? [...value] : Object.entries(value);
  return {
    kind: 'map',
    entries: entries.map(([key, item]) => [literal(key), literalNode(lift(item), at)] as const),
    at,
  };
}

/** An error that stands for one that happened already: it is absorbed, or not, in the same way. */
function failingNode(at: number): Node {
  const integer = (value: bigint): Node => ({ kind: 'literal', value, at });
  return { kind: 'arithmetic', operator: '/', left: integer(1n), right: integer(0n), at };
}

function typeNode(dotted: string, at: number): Node {
  const [root = '', ...fields] = dotted.split('.');
  return fields.reduce<Node>((operand, field) => ({ kind: 'select', operand, field, at }), {
    kind: 'name',
    name: root,
    at,
  });
}

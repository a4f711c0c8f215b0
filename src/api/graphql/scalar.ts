/** How values of our scalars are read and written (reference/graphql.md §2). The others are taken as they are. */
import { GraphQLError, Kind, print, type ValueNode, valueFromASTUntyped } from 'graphql';
import { isUlid } from '../../lib/ulid.ts';
import { isUuid } from '../../lib/uuid.ts';

interface ScalarConfig {
  serialize(value: unknown): unknown;
  parseValue(value: unknown): unknown;
  parseLiteral(node: ValueNode, variables?: Readonly<Record<string, unknown>> | null): unknown;
}

const rfc3339 = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;

/** Inside the server a time is milliseconds since 1970. */
const time: ScalarConfig = {
  serialize(value) {
    if (typeof value !== 'number') throw new GraphQLError('Time cannot show what is no number');
    return new Date(value).toISOString();
  },
  parseValue: timeOf,
  parseLiteral: (node) => timeOf(textOf(node, 'Time')),
};

export const scalarConfigs: Readonly<Record<string, ScalarConfig>> = {
  Time: time,
  ULID: text('ULID', isUlid, (given) => given.toUpperCase()),
  UUID: text('UUID', isUuid, (given) => given.toLowerCase()),
  Bytes: text(
    'Bytes',
    () => true,
    (given) => given,
  ),
  Map: {
    serialize: (value) => value,
    parseValue: mapOf,
    parseLiteral: (node, variables) => mapOf(valueFromASTUntyped(node, variables)),
  },
  Int64: integer('Int64', Number.MIN_SAFE_INTEGER),
  Uint: integer('Uint', 0),
};

function timeOf(value: unknown): number {
  const ms = typeof value === 'string' && rfc3339.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(ms)) {
    throw new GraphQLError(`not an RFC 3339 time such as 2026-01-31T12:00:00Z: ${shown(value)}`);
  }
  return ms;
}

function text(
  name: string,
  isValid: (text: string) => boolean,
  normal: (text: string) => string,
): ScalarConfig {
  const read = (value: unknown): string => {
    const given = typeof value === 'string' ? normal(value) : null;
    if (given === null || !isValid(given)) throw new GraphQLError(`not a ${name}: ${shown(value)}`);
    return given;
  };
  return {
    // What the server has stored is shown, whatever its form.
    serialize: String,
    parseValue: read,
    parseLiteral: (node) => read(textOf(node, name)),
  };
}

function integer(name: string, min: number): ScalarConfig {
  const read = (value: unknown): number => {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min) return value;
    throw new GraphQLError(`not a ${name}: ${shown(value)}`);
  };
  return {
    serialize: Number,
    parseValue: read,
    parseLiteral: (node) => read(node.kind === Kind.INT ? Number(node.value) : print(node)),
  };
}

function mapOf(value: unknown): unknown {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new GraphQLError(`not a JSON object: ${shown(value)}`);
}

function textOf(node: ValueNode, name: string): string {
  if (node.kind === Kind.STRING) return node.value;
  throw new GraphQLError(`a ${name} is written as a string, not ${print(node).slice(0, 60)}`);
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 60);
}

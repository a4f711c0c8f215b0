/**
 * What can be told of a call before any data is there: that there is no such function, that it is written another way,
 * that it never takes such operands, or that a constant (a pattern, a date, a duration, a time zone) cannot be read.
 */

import { getterNames, readCalendar } from './calendar.ts';
import { convertToDuration, convertToTimestamp } from './conversion.ts';
import { dateOf, findFunction, functions } from './functions.ts';
import { suggestion } from './near_name.ts';
import { regexProblem } from './regex.ts';
import { durationType, type Problem, staticTypeOf, timestampType } from './static_type.ts';
import type { Node } from './syntax.ts';
import { Failure, Timestamp, type Value } from './value.ts';

type Call = Extract<Node, { kind: 'call' }>;

const macroNames = ['all', 'exists', 'exists_one', 'filter', 'has', 'map'];

export function callProblems(node: Call): readonly Problem[] {
  const found = findFunction(node.name, node.receiver !== null, node.args.length);
  if (found instanceof Failure) {
    return [{ message: `${found.message}${adviceFor(node)}`, at: node.at }];
  }
  const wrong = operandProblems(node);
  return wrong.length > 0 ? wrong : constantProblems(node);
}

/** How the call can be written instead. */
function adviceFor({ name, receiver }: Call): string {
  const known = functions.get(name);
  if (macroNames.includes(name)) {
    return name === 'has' ? '; write has(event.data.x)' : `; write list.${name}(x, condition)`;
  }
  if (known === undefined) return suggestion(name, [...functions.keys(), ...macroNames]);
  const counts = receiver === null ? known.global : known.method;
  if (counts !== undefined) return `; it takes ${counts.join(' or ')}`;
  return receiver === null ? `; write text.${name}(…)` : `; write ${name}(…)`;
}

/** The types that an operand may have, in order, the receiver first. What is not listed takes anything. */
const text = ['string'];
const amount = ['number', 'string', durationType];
const instant = ['number', 'string', timestampType];
const ofTimestampOrDuration = ['getHours', 'getMinutes', 'getSeconds', 'getMilliseconds'];
const operandTypes: ReadonlyMap<string, readonly (readonly string[])[]> = new Map([
  ['bool', [['bool', 'string']]],
  ['bytes', [['bytes', 'string']]],
  ['contains', [text, text]],
  ['date', [instant]],
  ['double', [['number', 'string']]],
  ['duration', [amount]],
  ['endsWith', [text, text]],
  ['int', [['number', 'string', timestampType, durationType]]],
  ['matches', [text, text]],
  ['now_minus', [amount]],
  ['now_plus', [amount]],
  ['size', [['bytes', 'list', 'map', 'string']]],
  ['startsWith', [text, text]],
  ['string', [['bool', 'bytes', 'number', 'string', 'type', timestampType, durationType]]],
  ['timestamp', [instant]],
  ['uint', [['number', 'string']]],
  ...getterNames.map((name): [string, readonly (readonly string[])[]] => {
    const receiver = ofTimestampOrDuration.includes(name)
      ? [timestampType, durationType]
      : [timestampType];
    return [name, [receiver, text]];
  }),
]);

function operandsOf({ receiver, args }: Call): readonly Node[] {
  return receiver === null ? args : [receiver, ...args];
}

function operandProblems(node: Call): readonly Problem[] {
  const allowed = operandTypes.get(node.name) ?? [];
  return operandsOf(node).flatMap((operand, index) => {
    const type = staticTypeOf(operand);
    const types = allowed[index];
    if (types === undefined || type === 'any' || types.includes(type)) return [];
    const place = index === 0 && node.receiver !== null ? 'receiver' : 'argument';
    const message = `no matching overload for '${node.name}': its ${place} is a ${type}, not a ${types.join(' or ')}`;
    return [{ message, at: operand.at }];
  });
}

function constantProblems(node: Call): readonly Problem[] {
  return operandsOf(node).flatMap((operand, index) => {
    if (operand.kind !== 'literal') return [];
    const message = constantProblem(node, index, operand.value);
    return message === null ? [] : [{ message, at: operand.at }];
  });
}

function constantProblem({ name }: Call, index: number, value: Value): string | null {
  switch (name) {
    case 'matches':
      return index === 1 && typeof value === 'string' ? regexProblem(value) : null;
    case 'date':
      return messageOf(dateOf(value));
    case 'timestamp':
      return messageOf(convertToTimestamp(value));
    case 'duration':
    case 'now_minus':
    case 'now_plus':
      return messageOf(convertToDuration(value));
    default:
      return index === 1 && getterNames.includes(name)
        ? messageOf(readCalendar(name, new Timestamp(0n), value))
        : null;
  }
}

function messageOf(result: Value): string | null {
  return result instanceof Failure ? result.message : null;
}

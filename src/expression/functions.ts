/**
 * The functions of the language: CEL's standard ones and ours (execution.md §24.2). All of them get
 * operands that are present; what an absent operand means is decided before (§24.3).
 */

import { jsonDepthMax } from '../lib/canonical_json.ts';
import type { Clock } from '../lib/clock.ts';
import { parseDateNanos } from '../lib/date.ts';
import { toDuration, toTimestamp } from './arithmetic.ts';
import type { Budget } from './budget.ts';
import { getterNames, readCalendar } from './calendar.ts';
import {
  convertToBool,
  convertToBytes,
  convertToDouble,
  convertToDuration,
  convertToInt,
  convertToString,
  convertToTimestamp,
  convertToUint,
} from './conversion.ts';
import { charsPerVisit, dateVisits, zoneVisits } from './limits.ts';
import { matchesRegex } from './regex.ts';
import {
  Duration,
  Failure,
  isList,
  isMap,
  isRecord,
  type RecordValue,
  Timestamp,
  TypeName,
  typeNameOf,
  type Value,
} from './value.ts';

/** What a function may ask of its surroundings. */
export interface Surroundings {
  readonly clock: Clock;
  readonly budget: Budget;
}

export interface CelFunction {
  /** How it may be written, with the number of arguments in the parentheses. */
  readonly global?: readonly number[];
  readonly method?: readonly number[];
  /** False when the result depends on more than the operands, so that it must not be folded. */
  readonly isPure: boolean;
  /** The receiver, when there is one, is the first operand. */
  run(operands: readonly Value[], surroundings: Surroundings): Value;
}

export const functions: ReadonlyMap<string, CelFunction> = new Map([
  ['size', { ...conversion(sizeOf), method: [0] }],
  ['contains', textMethod((text, part) => text.includes(part))],
  ['startsWith', textMethod((text, part) => text.startsWith(part))],
  ['endsWith', textMethod((text, part) => text.endsWith(part))],
  ['matches', { ...textMethod(matchesRegex), global: [2] }],
  ['int', conversion(convertToInt)],
  ['uint', conversion(convertToUint)],
  ['double', conversion(convertToDouble)],
  ['string', conversion(convertToString)],
  ['bytes', conversion(convertToBytes)],
  ['bool', conversion(convertToBool)],
  ['timestamp', conversion(convertToTimestamp)],
  ['duration', conversion(convertToDuration)],
  ['dyn', conversion((value) => value)],
  ['type', conversion((value) => new TypeName(typeNameOf(value)))],
  ['lowercase', ofText(lowercase)],
  ['uppercase', ofText(uppercase)],
  ['b64decode', ofText(decodeBase64)],
  ['json_parse', ofText(parseJsonMap)],
  ['date', conversion(dateOf)],
  ['now', { global: [0], isPure: false, run: (_, { clock }) => nowPlus(clock, 0n) }],
  ['now_plus', shiftedNow(1n)],
  ['now_minus', shiftedNow(-1n)],
  ...getterNames.map((name): [string, CelFunction] => [
    name,
    {
      method: [0, 1],
      isPure: true,
      run([value = null, zone], { budget }) {
        if (zone !== undefined) budget.spend(zoneVisits);
        return readCalendar(name, value, zone);
      },
    },
  ]),
]);

/** Whether a call written this way exists at all. */
export function findFunction(name: string, isMethod: boolean, args: number): CelFunction | Failure {
  const found = functions.get(name);
  const written = isMethod ? found?.method : found?.global;
  if (found === undefined || written === undefined) {
    return new Failure(`undeclared reference to function '${name}'`);
  }
  return written.includes(args)
    ? found
    : new Failure(`wrong number of arguments for '${name}': ${args}`);
}

function conversion(convert: (value: Value) => Value): CelFunction {
  return {
    global: [1],
    isPure: true,
    run([value = null], { budget }) {
      budget.spend(visitsToRead(value));
      return convert(value);
    },
  };
}

/** Most functions look at every character, and reading a date from a short text is work too. */
function visitsToRead(value: Value): number {
  // Only counting the keys of JSON takes longer the more there are.
  if (isRecord(value)) return 1 + Object.keys(value).length;
  if (typeof value !== 'string' && !(value instanceof Uint8Array)) return 1;
  return dateVisits + Math.floor(value.length / charsPerVisit.converted);
}

function textMethod(test: (text: string, argument: string, budget: Budget) => Value): CelFunction {
  return {
    method: [1],
    isPure: true,
    run([receiver = null, argument = null], { budget }) {
      if (typeof receiver !== 'string' || typeof argument !== 'string') {
        return new Failure(
          `no such overload: ${typeNameOf(receiver)} with ${typeNameOf(argument)}`,
        );
      }
      budget.spend(1 + Math.floor(receiver.length / charsPerVisit.compared));
      return test(receiver, argument, budget);
    },
  };
}

/** Our own functions take anything; what is not text counts as empty text (§24.2). */
function ofText(run: (text: string) => Value): CelFunction {
  return {
    global: [1],
    isPure: true,
    run([value = null], { budget }) {
      const text = typeof value === 'string' ? value : '';
      budget.spend(1 + Math.floor(text.length / charsPerVisit.converted));
      return run(text);
    },
  };
}

/** Texts are measured in characters, bytes in bytes. */
function sizeOf(value: Value): Value {
  if (typeof value === 'string') {
    let length = value.length;
    for (let i = 0; i < value.length - 1; i++) {
      // A surrogate pair is one character.
      if (
        (value.charCodeAt(i) & 0xfc00) === 0xd800 &&
        (value.charCodeAt(i + 1) & 0xfc00) === 0xdc00
      ) {
        length--;
      }
    }
    return BigInt(length);
  }
  if (value instanceof Uint8Array || isList(value)) return BigInt(value.length);
  if (isMap(value)) return BigInt(value.size);
  if (isRecord(value)) return BigInt(Object.keys(value).length);
  return new Failure(`no such overload: size(${typeNameOf(value)})`);
}

const asciiOnly = /^[\0-\x7f]*$/;

/** One character for each, as Go has it: no final sigma and no second character. */
function lowercase(text: string): string {
  if (asciiOnly.test(text)) return text.toLowerCase();
  return Array.from(text, (char) => [...char.toLowerCase()][0] ?? char).join('');
}

/** A character whose capitals are several stays as it is: `ß`. */
function uppercase(text: string): string {
  if (asciiOnly.test(text)) return text.toUpperCase();
  return Array.from(text, (char) => {
    const upper = char.toUpperCase();
    return [...upper].length === 1 ? upper : char;
  }).join('');
}

/** What can be decoded before the first error: whole groups of four, padding only at the end. */
function decodeBase64(text: string): string {
  const clean = text.replace(/[\r\n]/g, '');
  const firstOther = clean.search(/[^A-Za-z0-9+/]/);
  const chars = firstOther === -1 ? clean.length : firstOther;
  const whole = chars - (chars % 4);
  const last = clean.slice(whole, whole + 4);
  const valid = clean.slice(0, whole) + (/^[^=]{2}(?:==|[^=]=)$/.test(last) ? last : '');
  return Buffer.from(valid, 'base64').toString('utf8');
}

/** What is no map, or too deep to be stored, is an empty one. Text inside it is whole, as that of events is. */
function parseJsonMap(text: string): Value {
  try {
    const data: unknown = JSON.parse(text);
    if (!isRecord(data) || depthOf(data) > jsonDepthMax) return {};
    // Half a surrogate pair comes out of JSON only by an escape.
    return /\\u[dD][89a-fA-F]/.test(text) ? wellFormedMap(data) : data;
  } catch {
    return {};
  }
}

/** Levels, counted no further than one beyond `jsonDepthMax`. */
function depthOf(data: unknown): number {
  let [level, depth]: [unknown[], number] = [[data], 0];
  while (level.length > 0 && depth <= jsonDepthMax) {
    const next: unknown[] = [];
    for (const item of level) {
      if (typeof item !== 'object' || item === null) continue;
      for (const inner of Object.values(item)) {
        if (typeof inner === 'object' && inner !== null) next.push(inner);
      }
    }
    level = next;
    depth += 1;
  }
  return depth;
}

function wellFormedMap(data: RecordValue): RecordValue {
  return Object.fromEntries(
    Object.entries(data).map(([key, item]) => [key.toWellFormed(), wellFormed(item)]),
  );
}

function wellFormed(data: unknown): unknown {
  if (typeof data === 'string') return data.toWellFormed();
  if (Array.isArray(data)) return data.map(wellFormed);
  return isRecord(data) ? wellFormedMap(data) : data;
}

const secondsMax = 9_999_999_999n;
const msMax = 9_999_999_999_999n;
const nanosOf2000 = 946_684_800n * 1_000_000_000n;

/** A date in any layout of §24.6, or an integer whose size tells its unit (§24.2). */
export function dateOf(value: Value): Value {
  if (value instanceof Timestamp) return value;
  if (typeof value === 'bigint') {
    const unit = value < secondsMax ? 1_000_000_000n : value < msMax ? 1_000_000n : 1n;
    const nanos = value * unit;
    if (nanos < nanosOf2000) return new Failure('date() takes no number before the year 2000');
    return toTimestamp(nanos);
  }
  if (typeof value !== 'string') return new Failure(`no such overload: date(${typeNameOf(value)})`);
  const nanos = parseDateNanos(value);
  return nanos === null ? new Failure('date() cannot read the text') : toTimestamp(nanos);
}

function shiftedNow(factor: bigint): CelFunction {
  return {
    global: [1],
    isPure: false,
    run([value = null], { clock }) {
      const shift = convertToDuration(value);
      return shift instanceof Duration ? nowPlus(clock, factor * shift.nanos) : shift;
    },
  };
}

function nowPlus(clock: Clock, nanos: bigint): Value {
  const shift = toDuration(nanos);
  return shift instanceof Duration
    ? toTimestamp(BigInt(Math.floor(clock.now())) * 1_000_000n + shift.nanos)
    : shift;
}

/**
 * The conversions `int`, `uint`, `double`, `string`, `bytes`, `bool`, `timestamp`, `duration`.
 */

import { parseDateNanos, parseRfc3339 } from '../lib/date.ts';
import { parseDurationNanos } from '../lib/duration.ts';
import { toDuration, toInt, toTimestamp, toUint, yearOneNanos } from './arithmetic.ts';
import { integerCharsMax, numberCharsMax } from './limits.ts';
import { textOf } from './text.ts';
import {
  Duration,
  Failure,
  isList,
  isMap,
  isRecord,
  Timestamp,
  typeNameOf,
  Uint,
  type Value,
} from './value.ts';

const nanosPerSecond = 1_000_000_000n;

/** Doubles this large have lost what is behind the last digit of an integer. */
const intDoubleMax = 2 ** 63;

export function convertToInt(value: Value): Value {
  if (typeof value === 'bigint') return value;
  if (value instanceof Uint) return toInt(value.value);
  if (value instanceof Timestamp) return floorSeconds(value.nanos);
  if (value instanceof Duration) return value.nanos;
  if (typeof value === 'number' && Math.abs(value) >= intDoubleMax) {
    return new Failure('integer overflow');
  }
  const whole = wholeOf(value);
  return whole === null ? cannot('int', value) : toInt(whole);
}

export function convertToUint(value: Value): Value {
  if (value instanceof Uint) return value;
  const whole = typeof value === 'bigint' ? value : wholeOf(value);
  return whole === null ? cannot('uint', value) : toUint(whole);
}

/** A double without its fraction, or a decimal text. */
function wholeOf(value: Value): bigint | null {
  if (typeof value === 'number') return Number.isFinite(value) ? BigInt(Math.trunc(value)) : null;
  if (typeof value !== 'string' || value.length > integerCharsMax) return null;
  return /^[+-]?\d+$/.test(value) ? BigInt(value.replace(/^\+/, '')) : null;
}

export function convertToDouble(value: Value): Value {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Uint) return Number(value.value);
  if (typeof value !== 'string' || value.length > numberCharsMax) return cannot('double', value);
  if (/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/.test(value)) return Number(value);
  const special = /^([+-]?)(nan|inf|infinity)$/i.exec(value);
  if (special === null) return cannot('double', value);
  if (special[2]?.toLowerCase() === 'nan') return Number.NaN;
  return special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** Lists, maps, null and types have no text in CEL. */
export function convertToString(value: Value): Value {
  if (value instanceof Uint8Array) return decodeUtf8(value);
  const hasText = value !== null && !isList(value) && !isRecord(value) && !isMap(value);
  return hasText ? textOf(value) : cannot('string', value);
}

function decodeUtf8(bytes: Uint8Array): Value {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return new Failure('bytes are not valid UTF-8');
  }
}

export function convertToBytes(value: Value): Value {
  if (value instanceof Uint8Array) return value;
  return typeof value === 'string' ? new TextEncoder().encode(value) : cannot('bytes', value);
}

export function convertToBool(value: Value): Value {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string') {
    if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(value)) return true;
    if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(value)) return false;
  }
  return cannot('bool', value);
}

/** CEL's own `timestamp()`: RFC 3339 text or whole seconds. */
export function convertToTimestamp(value: Value): Value {
  if (value instanceof Timestamp) return value;
  if (typeof value === 'bigint') {
    const nanos = value * nanosPerSecond;
    return nanos < yearOneNanos ? new Failure('timestamp is out of range') : toTimestamp(nanos);
  }
  if (typeof value !== 'string' || parseRfc3339(value) === null) return cannot('timestamp', value);
  const nanos = parseDateNanos(value);
  if (nanos !== null && nanos < yearOneNanos) return new Failure('timestamp is out of range');
  return nanos === null ? cannot('timestamp', value) : toTimestamp(nanos);
}

/** Text of the grammar of §2.2 (Go's, with `d` and `w`), or nanoseconds. */
export function convertToDuration(value: Value): Value {
  if (value instanceof Duration) return value;
  if (typeof value === 'bigint') return toDuration(value);
  const nanos = typeof value === 'string' ? parseDurationNanos(value) : null;
  return nanos === null ? cannot('duration', value) : toDuration(nanos);
}

function floorSeconds(nanos: bigint): bigint {
  const seconds = nanos / nanosPerSecond;
  return nanos < 0n && seconds * nanosPerSecond !== nanos ? seconds - 1n : seconds;
}

function cannot(type: string, value: Value): Failure {
  const shown = typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : typeNameOf(value);
  return new Failure(`${type}() cannot convert ${shown}`);
}

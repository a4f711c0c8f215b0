/**
 * The values an expression works with. JSON values are used as they are: a JSON number is a double, and
 * an integer (a literal, `int()`, `size()`) is a bigint. What JSON lacks is a `Boxed` class.
 */

/** Base of the values that JSON does not have; never mistaken for a map. */
export abstract class Boxed {
  abstract readonly typeName: string;
}

/** A path that the data does not have (execution.md §24.3). */
class Unknown extends Boxed {
  readonly typeName = 'unknown';
}

export const unknown = new Unknown();

/** An error as a value: other operands may absorb it, so it is not thrown (execution.md §24.3, §24.5). */
export class Failure extends Boxed {
  readonly typeName = 'error';
  constructor(readonly message: string) {
    super();
  }
}

export class Uint extends Boxed {
  readonly typeName = 'uint';
  constructor(readonly value: bigint) {
    super();
  }
}

/** An instant in nanoseconds since 1970. */
export class Timestamp extends Boxed {
  readonly typeName = 'google.protobuf.Timestamp';
  constructor(readonly nanos: bigint) {
    super();
  }
}

export class Duration extends Boxed {
  readonly typeName = 'google.protobuf.Duration';
  constructor(readonly nanos: bigint) {
    super();
  }
}

/** What `type(x)` gives, and what a type's bare name means. */
export class TypeName extends Boxed {
  readonly typeName = 'type';
  constructor(readonly name: string) {
    super();
  }
}

/** Keys of a map that is written in an expression; numbers of any type meet as bigint when whole. */
export type MapKey = string | bigint | number | boolean;

/** A map or list from JSON is opened lazily, hence the `unknown` inside: `lift` makes it a Value. */
export type RecordValue = { readonly [key: string]: unknown };
export type ListValue = readonly unknown[];
export type Scalar = null | boolean | number | bigint | string;
export type Value =
  | Scalar
  | Uint8Array
  | Boxed
  | ListValue
  | RecordValue
  | ReadonlyMap<MapKey, unknown>;

export function isRecord(value: unknown): value is RecordValue {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Boxed) &&
    !(value instanceof Map) &&
    !(value instanceof Uint8Array)
  );
}

export function isList(value: unknown): value is ListValue {
  return Array.isArray(value);
}

export function isMap(value: unknown): value is ReadonlyMap<MapKey, unknown> {
  return value instanceof Map;
}

/** Whether a call cannot use this operand: the rules of execution.md §24.3 cover both kinds alike. */
export function isAbsent(value: Value): value is Unknown | Failure {
  return value === unknown || value instanceof Failure;
}

/** Any JavaScript value as a Value. `undefined` is absent; functions and symbols are not data. */
export function lift(data: unknown): Value {
  switch (typeof data) {
    case 'string':
    case 'number':
    case 'boolean':
    case 'bigint':
      return data;
    case 'object':
      if (data === null || isList(data) || isRecord(data) || isMap(data)) return data;
      return data instanceof Boxed || data instanceof Uint8Array ? data : unknown;
    default:
      return unknown;
  }
}

/** CEL's name of a value's type. */
export function typeNameOf(value: Value): string {
  if (value === null) return 'null_type';
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'number':
      return 'double';
    case 'bigint':
      return 'int';
    case 'boolean':
      return 'bool';
    default:
      if (value instanceof Boxed) return value.typeName;
      if (value instanceof Uint8Array) return 'bytes';
      return isList(value) ? 'list' : 'map';
  }
}

/** JavaScript's idea of truth, except that lists and maps count even when empty (execution.md §24.5). */
export function isTruthy(value: Value): boolean {
  if (value instanceof Uint) return value.value !== 0n;
  return !isAbsent(value) && Boolean(value);
}

/** The same value in plain JavaScript: what callers get. */
export function toPlain(value: Value): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof Boxed) return boxedToPlain(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (isList(value)) return value.map((item) => toPlain(lift(item)));
  const entries: [string, unknown][] = isMap(value)
    ? [...value].map(([key, item]) => [String(key), item])
    : Object.entries(value);
  return Object.fromEntries(entries.map(([key, item]) => [key, toPlain(lift(item))]));
}

function boxedToPlain(value: Boxed): unknown {
  if (value instanceof Uint) return Number(value.value);
  if (value instanceof TypeName) return value.name;
  if (value instanceof Timestamp) return timestampText(value);
  if (value instanceof Duration) return durationText(value);
  return null;
}

/** RFC 3339 in UTC with as many fraction digits as there are. */
export function timestampText(value: Timestamp): string {
  const rest = ((value.nanos % nanosPerSecond) + nanosPerSecond) % nanosPerSecond;
  const seconds = (value.nanos - rest) / nanosPerSecond;
  const whole = new Date(Number(seconds) * 1_000).toISOString().slice(0, -5);
  return `${whole}${fractionText(rest)}Z`;
}

/** Seconds with a fraction, CEL's text of a duration: `3600s`, `1.5s`. */
export function durationText(value: Duration): string {
  const sign = value.nanos < 0n ? '-' : '';
  const nanos = value.nanos < 0n ? -value.nanos : value.nanos;
  return `${sign}${nanos / nanosPerSecond}${fractionText(nanos % nanosPerSecond)}s`;
}

const nanosPerSecond = 1_000_000_000n;

function fractionText(nanos: bigint): string {
  return nanos === 0n ? '' : `.${nanos.toString().padStart(9, '0').replace(/0+$/, '')}`;
}

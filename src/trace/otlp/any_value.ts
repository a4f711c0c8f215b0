/** Values of attributes, from OTLP to JSON and back. */
import { z } from 'zod';

/** Deeper lists and maps are cut off: people read these. */
const depthMax = 12;

const keyValue = z.object({ key: z.string(), value: z.unknown() });
const valueList = z.object({ values: z.array(z.unknown()).nullish() });

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

/** Key and value of an attribute; null when it is none or has no value. */
export function readAttribute(attribute: unknown): readonly [string, Json] | null {
  return readPair(attribute, 0);
}

function readPair(pair: unknown, depth: number): readonly [string, Json] | null {
  const parsed = keyValue.safeParse(pair);
  if (!parsed.success) return null;
  const value = readValue(parsed.data.value, depth);
  return value === undefined ? null : [parsed.data.key, value];
}

/** Undefined when there is no value. Lists and maps are kept, unlike in the original (http-api.md §6). */
function readValue(any: unknown, depth: number): Json | undefined {
  if (typeof any !== 'object' || any === null || depth > depthMax) return undefined;
  if ('stringValue' in any)
    return typeof any.stringValue === 'string' ? any.stringValue : undefined;
  if ('boolValue' in any) return any.boolValue === true;
  if ('intValue' in any) return readInteger(any.intValue);
  if ('doubleValue' in any) return readDouble(any.doubleValue);
  if ('bytesValue' in any) return readBytes(any.bytesValue);
  if ('arrayValue' in any) {
    return itemsOf(any.arrayValue).map((item) => readValue(item, depth + 1) ?? null);
  }
  if ('kvlistValue' in any) {
    const pairs = itemsOf(any.kvlistValue).flatMap((item) => {
      const pair = readPair(item, depth + 1);
      return pair === null ? [] : [pair];
    });
    return Object.fromEntries(pairs);
  }
  return undefined;
}

function itemsOf(list: unknown): readonly unknown[] {
  const parsed = valueList.safeParse(list);
  return parsed.success ? (parsed.data.values ?? []) : [];
}

/** Text when a number cannot hold it. */
function readInteger(value: unknown): Json | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string' || !/^-?\d{1,20}$/.test(value)) return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** JSON has no NaN and no infinities: these stay text. */
function readDouble(value: unknown): Json | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  return typeof value === 'string' ? value : undefined;
}

function readBytes(value: unknown): Json | undefined {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return typeof value === 'string' ? value : undefined;
}

/** What spans of the server carry. */
export type AttributeValue = string | number | boolean | readonly string[];

/** A 64-bit number as protobufjs takes it; JSON wants text instead. */
export type Int64Form = (value: bigint) => unknown;

export interface KeyValue {
  readonly key: string;
  readonly value: object;
}

/** Attributes in either encoding; those without a value are left out. */
export function writeAttributes(
  attributes: Readonly<Record<string, AttributeValue | undefined>>,
  int64: Int64Form,
): KeyValue[] {
  return Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value: writeValue(value, int64) }],
  );
}

function writeValue(value: AttributeValue, int64: Int64Form): object {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value !== 'number') {
    return { arrayValue: { values: value.map((item) => writeValue(item, int64)) } };
  }
  return Number.isSafeInteger(value) ? { intValue: int64(BigInt(value)) } : { doubleValue: value };
}

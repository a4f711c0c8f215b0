/**
 * The published cases of the CEL specification that say what an expression gives, as this project's values.
 */
import type { SimpleTest } from '@bufbuild/cel-spec/cel/expr/conformance/test/simple_pb.js';
import type { Value as ProtoValue } from '@bufbuild/cel-spec/cel/expr/value_pb.js';
import { getTestRegistry } from '@bufbuild/cel-spec/testdata/registry.js';
import { getConformanceSuite } from '@bufbuild/cel-spec/testdata/tests.js';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import {
  Duration,
  type MapKey,
  Timestamp,
  TypeName,
  Uint,
  type Value,
} from '../../../src/expression/value.ts';

/** What a case wants: a value, or any error. */
export type Expected =
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'error' };

export interface Case {
  /** `file/section/name`, unique. */
  readonly id: string;
  readonly file: string;
  readonly section: string;
  readonly text: string;
  readonly container: string;
  readonly vars: Readonly<Record<string, Value>>;
  readonly expected: Expected;
}

/** The files whose cases count: the language itself, without protocol buffers and without extensions. */
export const coreFiles: readonly string[] = [
  'basic',
  'comparisons',
  'conversions',
  'fields',
  'fp_math',
  'integer_math',
  'lists',
  'logic',
  'macros',
  'namespace',
  'parse',
  'plumbing',
  'string',
  'timestamps',
];

/** Why the rest of the published files is not run. */
export const excludedFiles: ReadonlyMap<string, string> = new Map([
  ['bindings_ext', 'extension: cel.bind'],
  ['block_ext', 'extension: cel.block, made by optimizers'],
  ['dynamic', 'protobuf: wrapper and struct messages'],
  ['encoders_ext', 'extension: base64 functions'],
  ['enums', 'protobuf: enums'],
  ['macros2', 'extension: macros with two variables'],
  ['math_ext', 'extension: math functions'],
  ['optionals', 'extension: optional values'],
  ['proto2', 'protobuf: proto2 messages'],
  ['proto2_ext', 'protobuf: proto2 extensions'],
  ['proto3', 'protobuf: proto3 messages'],
  ['string_ext', 'extension: string functions'],
  ['type_deductions', 'the type checker: only deduced types are compared'],
  ['unknowns', 'no cases are published'],
  ['wrappers', 'protobuf: wrapper messages'],
]);

export interface Selection {
  readonly cases: readonly Case[];
  /** Ids of cases that build, bind or expect protobuf messages. */
  readonly withMessages: readonly string[];
}

export function selectCases(files: readonly string[]): Selection {
  const cases: Case[] = [];
  const withMessages: string[] = [];
  for (const file of getConformanceSuite().suites) {
    if (!files.includes(file.name)) continue;
    for (const section of file.suites) {
      for (const { original, name } of section.tests) {
        const place = { file: file.name, section: section.name };
        const id = `${file.name}/${section.name}/${name}`;
        const made = needsMessages(original.expr) ? null : caseOf(original, { ...place, id });
        if (made === null) withMessages.push(id);
        else cases.push(made);
      }
    }
  }
  return { cases, withMessages };
}

/** Text that makes a protobuf message; comments and blanks may stand before its brace. */
function needsMessages(text: string): boolean {
  return /\bTestAllTypes\b|\bNestedTestAllTypes\b|\bgoogle\.protobuf\.\w+\s*\{/.test(text);
}

function caseOf(original: SimpleTest, place: Pick<Case, 'id' | 'file' | 'section'>): Case | null {
  const vars: Record<string, Value> = {};
  for (const [name, binding] of Object.entries(original.bindings)) {
    const value = binding.kind.case === 'value' ? ourValue(binding.kind.value) : null;
    if (value === null) return null;
    vars[name] = value.value;
  }
  const expected = expectedOf(original);
  if (expected === null) return null;
  return { ...place, text: original.expr, container: original.container, vars, expected };
}

function expectedOf({ resultMatcher }: SimpleTest): Expected | null {
  switch (resultMatcher.case) {
    case 'value': {
      const value = ourValue(resultMatcher.value);
      return value === null ? null : { kind: 'value', value: value.value };
    }
    case 'typedResult': {
      const { result } = resultMatcher.value;
      const value = result === undefined ? null : ourValue(result);
      return value === null ? null : { kind: 'value', value: value.value };
    }
    case 'evalError':
    case 'anyEvalErrors':
      return { kind: 'error' };
    case undefined:
      // A case without an expectation wants `true`.
      return { kind: 'value', value: true };
    default:
      return null;
  }
}

/** Null when it is a message that is neither a timestamp nor a duration. */
function ourValue({ kind }: ProtoValue): { readonly value: Value } | null {
  switch (kind.case) {
    case 'nullValue':
      return { value: null };
    case 'uint64Value':
      return { value: new Uint(kind.value) };
    case 'typeValue':
      return { value: new TypeName(kind.value) };
    case 'boolValue':
    case 'int64Value':
    case 'doubleValue':
    case 'stringValue':
    case 'bytesValue':
      return { value: kind.value };
    case 'listValue': {
      const items = kind.value.values.map(ourValue);
      return items.includes(null) ? null : { value: items.map((item) => item?.value ?? null) };
    }
    case 'mapValue': {
      const entries = new Map<MapKey, Value>();
      for (const entry of kind.value.entries) {
        const key = entry.key === undefined ? null : ourValue(entry.key);
        const value = entry.value === undefined ? null : ourValue(entry.value);
        if (key === null || value === null) return null;
        const plain = key.value instanceof Uint ? key.value.value : key.value;
        if (typeof plain === 'object') return null;
        entries.set(plain, value.value);
      }
      return { value: entries };
    }
    case 'objectValue': {
      const message = anyUnpack(kind.value, getTestRegistry());
      const instant = message === undefined ? null : instantOf(message);
      return instant === null ? null : { value: instant };
    }
    default:
      return null;
  }
}

interface Instant {
  readonly $typeName: string;
  readonly seconds?: unknown;
  readonly nanos?: unknown;
}

function instantOf({ $typeName, seconds, nanos }: Instant): Value | null {
  if (typeof seconds !== 'bigint' || typeof nanos !== 'number') return null;
  const total = seconds * 1_000_000_000n + BigInt(nanos);
  if ($typeName === 'google.protobuf.Timestamp') return new Timestamp(total);
  return $typeName === 'google.protobuf.Duration' ? new Duration(total) : null;
}

/**
 * Random expressions. Nothing throws. Whenever strict evaluation ends without an error, and what logical operators and
 * macros test are booleans, lenient evaluation gives the same; and strict evaluation ends without an error whenever no
 * data is missing and all types fit.
 */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { compile, evaluateBoolean, evaluateKey } from '../../src/expression/expression.ts';
import { interpolate } from '../../src/expression/interpolate.ts';
import { print } from '../../src/expression/print.ts';
import { booleanProblem } from '../../src/expression/result_type.ts';
import { compileCondition } from '../../src/expression/strict/condition.ts';
import { parse } from '../../src/expression/syntax.ts';
import { validate } from '../../src/expression/validate.ts';
import { toPlain } from '../../src/expression/value.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { evaluateStrictly } from './conformance/standard_evaluation.ts';

const clock: Clock = { now: () => Date.UTC(2026, 10, 21), at: () => ({ cancel: () => {} }) };

const event = {
  name: 'order.created',
  data: {
    n: 3,
    f: 2.5,
    s: 'text',
    t: '',
    yes: true,
    no: false,
    none: null,
    l: [1, 2, 3],
    words: ['a', 'text'],
    m: { a: 1, b: 'x' },
    at: '2026-01-02T03:04:05Z',
  },
};

/** Pieces that mean something to the parser, in any order. */
const piece = fc.constantFrom(
  ...['event', '.', 'data', '[', ']', '(', ')', '{', '}', '"a"', "'", '"', '1', '1u', '0x', '.5'],
  ...['in', ' ', '&&', '||', '!', '-', '+', '==', '<', '?', ':', ',', 'has(', '.all(x, ', 'null'],
  ...['\\', '1e', '`a-b`', '`', "br'", "b'é", '\f', '\n', '//', '"""', '.event', 'é', '🎉', '\0'],
);
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.array(piece, { maxLength: 25 }).map((pieces) => pieces.join('')),
);

const literal = fc.constantFrom(
  ...['0', '1', '-2', '7', '1u', '0u', '1.5', '-0.5', '2.0', '.5', 'true', 'false', 'null', '""'],
  ...['"a"', '"text"', "b'x'", '[]', '[1, 2]', '["a"]', '{}', '{"a": 1}', '{1: "b"}'],
  ...['duration("1h")', 'timestamp(0)', 'double("nan")', 'type(1)', 'int', 'string'],
);
const path = fc.constantFrom(
  ...['n', 'f', 's', 't', 'yes', 'no', 'none', 'l', 'words', 'm', 'm.a', 'm["b"]', 'l[0]', 'at'],
  ...['missing', 'missing.deeper', 'l[9]', 's.length', 'none.x', 'm[1]'],
);
const comparison = fc.constantFrom('==', '!=', '<', '<=', '>', '>=', 'in');
const arithmetic = fc.constantFrom('+', '-', '*', '/', '%');
const plainMethod = fc.constantFrom('contains', 'startsWith', 'endsWith');
const method = fc.constantFrom('contains', 'startsWith', 'endsWith', 'matches');
const call = fc.constantFrom(
  ...['size', 'int', 'uint', 'double', 'string', 'bytes', 'bool', 'dyn', 'type', 'timestamp'],
  ...['duration', 'lowercase', 'b64decode', 'json_parse', 'date', 'nothing'],
);
const testMacro = fc.constantFrom('all', 'exists', 'exists_one');

/** Trees of any types, except that what a logical operator or a macro tests is a boolean or an error. */
const { anything } = fc.letrec<{ anything: string; test: string }>((tie) => {
  const inner = tie('anything');
  const test = tie('test');
  return {
    test: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.constantFrom('true', 'false', 'event.data.yes', 'has(event.data.missing)'),
      fc.tuple(inner, comparison, inner).map(([a, operator, b]) => `(${a} ${operator} ${b})`),
      fc.tuple(test, test).map(([a, b]) => `(${a} && ${b})`),
      fc.tuple(test, test, test).map(([a, b, c]) => `(${a} || ${b} || ${c})`),
      inner.map((a) => `(!${a})`),
      fc.tuple(inner, method, inner).map(([a, name, b]) => `(${a}).${name}(${b})`),
      fc.tuple(inner, testMacro, test).map(([a, name, b]) => `(${a}).${name}(x, ${b})`),
    ),
    anything: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      literal,
      path.map((rest) => `event.data.${rest}`),
      fc.constantFrom('x', 'event', 'unknown'),
      test,
      fc.tuple(inner, arithmetic, inner).map(([a, operator, b]) => `(${a} ${operator} ${b})`),
      fc.tuple(inner, inner, inner).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
      inner.map((a) => `(-${a})`),
      fc.tuple(inner, inner).map(([a, b]) => `(${a})[${b}]`),
      fc.tuple(call, inner).map(([name, a]) => `${name}(${a})`),
      inner.map((a) => `(${a}).getFullYear()`),
      inner.map((a) => `has((${a}).a)`),
      fc.tuple(inner, test).map(([a, b]) => `(${a}).filter(x, ${b})`),
      fc.tuple(inner, inner).map(([a, b]) => `(${a}).map(x, ${b})`),
      fc.tuple(inner, inner).map(([a, b]) => `[${a}, ${b}]`),
      fc.tuple(inner, inner).map(([a, b]) => `{${a}: ${b}}`),
    ),
  };
});

/** Trees whose types fit, over data that is there and arithmetic that stays within its numbers. */
type Typed = {
  int: string;
  double: string;
  text: string;
  flag: string;
  ints: string;
};
const typed = fc.letrec<Typed>((tie) => {
  const int = tie('int');
  const double = tie('double');
  const text = tie('text');
  const flag = tie('flag');
  const ints = tie('ints');
  const limits = { maxDepth: 4, withCrossShrink: true };
  const pair = (part: fc.Arbitrary<string>, ...operators: string[]): fc.Arbitrary<string> =>
    fc
      .tuple(part, fc.constantFrom(...operators), part)
      .map(([a, operator, b]) => `(${a} ${operator} ${b})`);
  const compared = ['==', '!=', '<', '<=', '>', '>='];
  return {
    int: fc.oneof(
      limits,
      fc.constantFrom('0', '1', '-3', '12'),
      pair(int, '+', '-', '*'),
      fc.tuple(flag, int, int).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
      text.map((a) => `size(${a})`),
      ints.map((a) => `${a}.size()`),
      fc.constant('timestamp(event.data.at).getHours()'),
    ),
    double: fc.oneof(
      limits,
      fc.constantFrom('1.5', '-0.25', 'event.data.n', 'event.data.f', 'event.data.m.a'),
      pair(double, '+', '-', '*', '/'),
      int.map((a) => `double(${a})`),
    ),
    text: fc.oneof(
      limits,
      fc.constantFrom('"a"', '""', '"é🎉"', 'event.data.s', 'event.name', 'event.data.m["b"]'),
      pair(text, '+'),
      int.map((a) => `string(${a})`),
      text.map((a) => `lowercase(${a})`),
    ),
    ints: fc.oneof(
      limits,
      fc.constantFrom('[]', '[1, 2, 3]', '[0]'),
      pair(ints, '+'),
      fc.tuple(ints, int).map(([a, b]) => `${a}.map(i, i + ${b})`),
      fc.tuple(ints, int).map(([a, b]) => `${a}.filter(i, i > ${b})`),
    ),
    flag: fc.oneof(
      limits,
      fc.constantFrom('true', 'false', 'event.data.yes', 'event.data.no', 'has(event.data.zzz)'),
      fc.oneof(pair(int, ...compared), pair(double, ...compared), pair(text, ...compared)),
      fc.tuple(int, double).map(([a, b]) => `(${a} < ${b})`),
      pair(flag, '&&', '||', '==', '!='),
      flag.map((a) => `(!${a})`),
      fc.tuple(text, plainMethod, text).map(([a, name, b]) => `${a}.${name}(${b})`),
      fc.tuple(int, ints).map(([a, b]) => `(${a} in ${b})`),
      text.map((a) => `(${a} in event.data.words)`),
      fc.tuple(ints, int).map(([a, b]) => `${a}.all(i, i != ${b})`),
      fc.tuple(ints, flag).map(([a, b]) => `${a}.exists(i, i > 0 && ${b})`),
      fc.tuple(ints, int).map(([a, b]) => `${a}.exists_one(i, i == ${b})`),
    ),
  };
});

function lenient(text: string): unknown {
  const compiled = compile(text);
  if (!compiled.ok) return 'refused';
  const result = compiled.expression.evaluate({ event }, clock);
  return result.ok ? { value: result.value } : 'error';
}

function strict(text: string): unknown {
  const result = evaluateStrictly(text, { event });
  return result.ok ? { value: toPlain(result.value) } : 'error';
}

function tryEverything(text: string): void {
  compile(text);
  validate(text, 'full');
  validate(text, 'restrictive');
  booleanProblem(text);
  lenient(text);
  evaluateBoolean(text, { event }, clock);
  evaluateKey(text, { event }, clock);
  interpolate(text, { event });
  evaluateStrictly(text, { event });
  const parsed = parse(text);
  if (parsed.ok) compileCondition(parsed.tree)({ event });
}

describe('nothing throws', () => {
  test('whatever the text', () => {
    fc.assert(fc.property(anyText, tryEverything), { numRuns: 3_000 });
  });

  test('whatever the tree', () => {
    fc.assert(fc.property(anything, tryEverything), { numRuns: 3_000 });
  });
});

describe('strict evaluation', () => {
  test('that ends without an error gives what lenient evaluation gives', () => {
    fc.assert(
      fc.property(anything, (text) => {
        const answer = strict(text);
        if (answer !== 'error') expect(lenient(text)).toEqual(answer);
      }),
      { numRuns: 3_000 },
    );
  });

  test('never errs where no data is missing and all types fit, and lenient evaluation agrees', () => {
    const expression = fc.oneof(typed.flag, typed.int, typed.double, typed.text, typed.ints);
    fc.assert(
      fc.property(expression, (text) => {
        const answer = strict(text);
        expect(answer).not.toBe('error');
        expect(lenient(text)).toEqual(answer);
        expect(validate(text, 'full')).toEqual({ ok: true });
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('a printed tree', () => {
  test('is text that parses and gives the same', () => {
    fc.assert(
      fc.property(anything, (text) => {
        const parsed = parse(text);
        if (!parsed.ok) return;
        const printed = print(parsed.tree);
        expect(parse(printed).ok).toBe(true);
        expect(lenient(printed)).toEqual(lenient(text));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the static type of a condition', () => {
  test('is never a reason to refuse what gives true', () => {
    fc.assert(
      fc.property(anything, (text) => {
        if (booleanProblem(text) === null) return;
        expect(lenient(text)).not.toEqual({ value: true });
      }),
      { numRuns: 3_000 },
    );
  });
});

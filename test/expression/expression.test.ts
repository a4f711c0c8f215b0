import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { compile, evaluateBoolean, evaluateKey } from '../../src/expression/expression.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { groups } from './vectors/groups.ts';
import { data, error, refused } from './vectors/vector.ts';

const clock: Clock = {
  now: () => Date.UTC(2026, 10, 21, 12),
  at: () => ({ cancel: () => {} }),
};

function evaluate(text: string, vars: Record<string, unknown>): unknown {
  const compiled = compile(text);
  if (!compiled.ok) return refused;
  const result = compiled.expression.evaluate(vars, clock);
  return result.ok ? result.value : error;
}

for (const [name, vectors] of Object.entries(groups)) {
  describe(name, () => {
    for (const { text, value } of vectors) {
      const outcome = typeof value === 'symbol' ? value.description : JSON.stringify(value);
      test(`${text} gives ${outcome}`, () => {
        expect(evaluate(text, data)).toEqual(value);
      });
    }
  });
}

describe('compile', () => {
  test('points at the place of a syntax error in the text as written', () => {
    const compiled = compile('event.data.a == 1 &&\n  event.data.b === 2');
    expect(compiled).toEqual({
      ok: false,
      message:
        'error compiling expression: line 2, column 18: Unexpected character: =\n' +
        ' |   event.data.b === 2\n' +
        ' |                  ^',
    });
  });

  test('never throws, whatever the text', () => {
    const piece = fc.constantFrom(
      ...['event', '.', 'data', '[', ']', '(', ')', '{', '}', '"a"', "'", '1', '1u', '0x', ' in '],
      ...[
        '&&',
        '||',
        '!',
        '-',
        '+',
        '==',
        '<',
        '?',
        ':',
        ',',
        'has(',
        '.all(x, ',
        'null',
        '\\',
        '1e',
      ],
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(text, (random) => {
        const compiled = compile(random);
        if (compiled.ok) compiled.expression.evaluate(data, clock);
      }),
      { numRuns: 1_000 },
    );
  });

  test('refuses text that is too long or nested too deeply', () => {
    expect(compile(`"${'a'.repeat(70_000)}"`).ok).toBe(false);
    expect(compile('!'.repeat(60_000)).ok).toBe(false);
    expect(compile(`${'('.repeat(10_000)}1${')'.repeat(10_000)}`).ok).toBe(false);
    expect(compile(Array(5_000).fill('1').join('+')).ok).toBe(false);
    expect(compile('9223372036854775808').ok).toBe(false);
  });

  test('accepts long chains of && and ||', () => {
    const text = Array.from({ length: 2_000 }, (_, i) => `event.data.id == "o-${i}"`).join(' || ');
    expect(evaluate(text, data)).toBe(true);
  });

  test('gives one expression for one text', () => {
    const [first, second] = [compile('event.data.a == 1'), compile('event.data.a == 1')];
    expect(first).toBe(second);
  });
});

describe('evaluate', () => {
  test('stops an expression that visits too many elements', () => {
    const list = Array.from({ length: 2_000 }, (_, i) => i);
    const text = 'event.l.all(a, event.l.all(b, a + b >= 0)) || true';
    const compiled = compile(text);
    expect(compiled.ok && compiled.expression.evaluate({ event: { l: list } })).toEqual({
      ok: false,
      message: 'expression errored: expression visits more than 1000000 elements',
    });
  });

  test('stops when data is nested too deeply to compare', () => {
    let deep: unknown = [];
    for (let i = 0; i < 100_000; i++) deep = [deep];
    let copy: unknown = [];
    for (let i = 0; i < 100_000; i++) copy = [copy];
    const compiled = compile('event.a == event.b');
    expect(compiled.ok && compiled.expression.evaluate({ event: { a: deep, b: copy } }).ok).toBe(
      false,
    );
  });

  test('never leaks a bigint', () => {
    expect(evaluate('{"a": [1, {1: 2u}]}', {})).toEqual({ a: [1, { 1: 2 }] });
  });
});

describe('evaluateBoolean', () => {
  test('accepts nothing but a boolean', () => {
    expect(evaluateBoolean('event.data.plan == "pro"', data)).toEqual({ ok: true, value: true });
    expect(evaluateBoolean('event.data.missing', data)).toEqual({ ok: true, value: false });
    expect(evaluateBoolean('event.data.plan', data)).toEqual({
      ok: false,
      message: 'expression did not return true or false, but a string',
    });
  });

  test('says what went wrong', () => {
    expect(evaluateBoolean('event.data.plan > 5', data)).toEqual({
      ok: false,
      message: 'expression errored: invalid type comparison: string with int',
    });
    expect(evaluateBoolean('event.data.', data).ok).toBe(false);
  });
});

/** Expressions and the keys that they give. */
const keys: readonly (readonly [string, unknown])[] = [
  ['event.data.missing', false],
  ['event.data.missing.deeper', false],
  ['event.data.missing == "x"', false],
  ['event.data.no', false],
  ['false', false],
  ['event.data.yes', 'true'],
  ['event.data.nothing', 'null'],
  ['event.data.zero', '0'],
  ['event.data.count', '3'],
  ['3', '3'],
  ['3u', '3'],
  ['3.0', '3'],
  ['-0.5', '-0.5'],
  ['event.data.total', '9.5'],
  ['9007199254740993', '9007199254740993'],
  ['event.ts', '1767225600000'],
  ['event.data.plan', 'pro'],
  ['event.data.empty', ''],
  ['event.data.plan + "-" + event.data.id', 'pro-o-1'],
  ['event.data.missing + event.data.id', 'o-1'],
  ['event.data.missing || "none"', 'none'],
  ['event.data.none', '[]'],
  ['event.data.tags', '["a","b"]'],
  ['event.data.nested', '{"deep":{"value":7}}'],
  ['{"b": 1, "a": [1.0, "x"]}', '{"a":[1,"x"],"b":1}'],
  ['{"a": [1, "x"], "b": 1.0}', '{"a":[1,"x"],"b":1}'],
  ['duration("90s")', '90s'],
  ['date("2026-01-02")', '2026-01-02T00:00:00Z'],
  ['b"abc"', 'abc'],
  ['string', 'string'],
  ['int("x")', error],
  ['"a" > 1', error],
  ['event.data.', error],
];

describe('evaluateKey', () => {
  for (const [text, expected] of keys) {
    const outcome = expected === error ? 'an error' : JSON.stringify(expected);
    test(`of ${text} gives ${outcome}`, () => {
      const result = evaluateKey(text, data, clock);
      const actual: unknown = result.ok ? result.key : error;
      expect(actual).toBe(expected);
    });
  }
});

describe('the vectors', () => {
  test('are at least 400, each another expression', () => {
    const texts = Object.values(groups)
      .flat()
      .map(({ text }) => text);
    expect(new Set(texts).size).toBe(texts.length);
    expect(texts.length).toBeGreaterThanOrEqual(400);
  });
});

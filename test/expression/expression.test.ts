import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { compile, evaluateBoolean, evaluateKey } from '../../src/expression/expression.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { data, error, groups } from './vectors.ts';

const clock: Clock = {
  now: () => Date.UTC(2026, 10, 21, 12),
  at: () => ({ cancel: () => {} }),
};

function evaluate(text: string, vars: Record<string, unknown>): unknown {
  const compiled = compile(text);
  if (!compiled.ok) return compiled.message;
  const result = compiled.expression.evaluate(vars, clock);
  return result.ok ? result.value : error;
}

for (const [name, vectors] of Object.entries(groups)) {
  describe(name, () => {
    for (const { text, value } of vectors) {
      const outcome = value === error ? 'an error' : JSON.stringify(value);
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

describe('evaluateKey', () => {
  const key = (text: string): unknown => {
    const result = evaluateKey(text, data, clock);
    return result.ok ? result.key : error;
  };

  test('a missing path and false are no key', () => {
    expect(key('event.data.missing')).toBe(false);
    expect(key('event.data.no')).toBe(false);
  });

  test('null, booleans and numbers have a text of their own', () => {
    expect(key('event.data.nothing')).toBe('null');
    expect(key('event.data.yes')).toBe('true');
    expect(key('event.data.count')).toBe('3');
    expect(key('3')).toBe('3');
    expect(key('event.data.total')).toBe('9.5');
    expect(key('9007199254740993')).toBe('9007199254740993');
  });

  test('strings are kept as they are', () => {
    expect(key('event.data.plan + "-" + event.data.id')).toBe('pro-o-1');
    expect(key('event.data.empty')).toBe('');
  });

  test('lists and maps are canonical whatever the order of their keys', () => {
    expect(key('{"b": 1, "a": [1.0, "x"]}')).toBe('{"a":[1,"x"],"b":1}');
    expect(key('{"a": [1, "x"], "b": 1.0}')).toBe('{"a":[1,"x"],"b":1}');
  });

  test('an error is reported', () => {
    expect(key('int("x")')).toBe(error);
  });
});

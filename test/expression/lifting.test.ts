import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  type Prepared,
  prepare,
  prepareAsWritten,
  TextCache,
} from '../../src/expression/compile_cache.ts';
import { compile, evaluateBoolean, runProgram } from '../../src/expression/expression.ts';
import { liftLiterals } from '../../src/expression/lifting.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { randomCondition, randomEvent, randomOf } from './matching/random_conditions.ts';
import { groups } from './vectors/groups.ts';
import { data } from './vectors/vector.ts';

const clock: Clock = { now: () => Date.UTC(2026, 10, 21, 12), at: () => ({ cancel: () => {} }) };

/** The value itself, with its type, or the whole message. */
function outcome(prepared: Prepared, vars: Record<string, unknown>): unknown {
  if (!prepared.ok) return prepared.message;
  return runProgram(prepared.program.run, vars, clock, [prepared.literals]);
}

function expectSame(text: string, vars: Record<string, unknown>): void {
  const lifted = outcome(prepare(text), vars);
  expect({ text, outcome: lifted }).toStrictEqual({
    text,
    outcome: outcome(prepareAsWritten(text), vars),
  });
}

function programOf(text: string): unknown {
  const prepared = prepare(text);
  return prepared.ok ? prepared.program : prepared.message;
}

describe('lifting', () => {
  test.each([
    [
      'async.data.x=="a" && async.data.n>=-5 // why',
      'async.data.x == vars.a && async.data.n >= - vars.b',
      ['a', 5n],
    ],
    [`x in ["a",'b',1.5e3]`, 'x in [ vars.a , vars.b , vars.c ]', ['a', 'b', 1_500]],
    ['x["key"][0] == 1', 'x [ "key" ] [ 0 ] == vars.a', [1n]],
    ['x[y["k"]] + ["l"][0]', 'x [ y [ "k" ] ] + [ vars.a ] [ 0 ]', ['l']],
    ['0x1F + 5u + 7', '0x1F + 5u + vars.a', [7n]],
    ['b"x" + """a"b""" + r"\\d" + "\\n"', 'b"x" + vars.a + vars.b + vars.c', ['a"b', '\\d', '\n']],
    ['"// no comment" == x', 'vars.a == x', ['// no comment']],
  ] as const)('of %s gives %s', (text, wanted, literals) => {
    const lifted = liftLiterals(text);
    expect(lifted?.text).toBe(wanted);
    expect(Object.values(lifted?.literals ?? {})).toEqual([...literals]);
  });

  test('takes 26 literals and leaves the others in their place', () => {
    const text = Array.from({ length: 30 }, (_, i) => `async.a == ${i}`).join(' || ');
    const lifted = liftLiterals(text);
    expect(Object.keys(lifted?.literals ?? {})).toHaveLength(26);
    expect(
      lifted?.text.endsWith(
        '== vars.z || async.a == 26 || async.a == 27 || async.a == 28 || async.a == 29',
      ),
    ).toBe(true);
    expectSame(text, { async: { a: 28 } });
    expectSame(text, { async: { a: 30 } });
  });

  test('leaves text alone that has vars itself', () => {
    for (const text of ['vars.a == 1', 'vars["a"] == 1', 'x.all(vars, vars == 1)', '1 == vars']) {
      expect(liftLiterals(text)).toBeNull();
    }
    // Also when another text was lifted to the very same words.
    expect(evaluateBoolean('1 == 1', {})).toEqual({ ok: true, value: true });
    expect(evaluateBoolean('vars.a == vars.b', { vars: { a: 1, b: 2 } })).toEqual({
      ok: true,
      value: false,
    });
  });

  test('gives texts one program that differ only in literals, spaces and comments', () => {
    const program = programOf('async.data.id == "a"  && async.data.n > 1');
    expect(programOf('async.data.id=="b" && async.data.n > 2.5 // later')).toBe(program);
    expect(programOf('async.data.id == "b" || async.data.n > 2')).not.toBe(program);
  });

  test('keeps what every literal is', () => {
    for (const text of [
      ...['type(1)', 'type(1.0)', 'type("1")', 'type(-1)', 'type(1u)', 'type(b"a")', 'type(0x1)'],
      ...['-9223372036854775808', '9223372036854775807', '9223372036854775808', '-0.0', '1 / -0.0'],
      ...[
        '--5',
        '-(5)',
        '!"a"',
        '-"a"',
        '1e400',
        '007',
        '"\\x41\\u00e9\\101"',
        "r'\\n'",
        '"""a\nb"""',
      ],
      ...['"a" "b"', '1in [1]', '"a"in ["a"]', '5.size()', '"abc".size()', '"a"(1)', '"a"{b: 1}'],
      ...['has("a")', 'has(1)', 'has(("a"))', 'has("a".b)', 'has({"a": 1}.a)', '{"a": 1, "a": 2}'],
      ...[
        'async."a"',
        'async.5',
        'async .5',
        'async.?"a"',
        '.5',
        '[1, 2].map(x, x * 2)',
        '[1].map("x", 1)',
      ],
      ...[
        '"x".matches("^x$")',
        '"x".matches("(")',
        '"a" + 1',
        '1 ? "a" : "b"',
        '"\\q"',
        '"abc',
        "'''a",
      ],
      ...[
        'duration("1h") > duration("59m")',
        '{1: "a"}[1]',
        '[1, "a", 2.5]',
        'timestamp(1) < timestamp(2)',
      ],
    ]) {
      expectSame(text, { async: { a: 1 } });
    }
  });

  test('reports errors in the text as it was written', () => {
    expect(compile('async.data.name == "somebody" &&\n  async.data.n === 2')).toEqual({
      ok: false,
      message:
        'error compiling expression: line 2, column 18: Unexpected character: =\n' +
        ' |   async.data.n === 2\n' +
        ' |                  ^',
    });
  });

  test('changes the result of no vector', () => {
    for (const { text } of Object.values(groups).flat()) {
      expectSame(text, data);
      expectSame(text, {});
    }
  });

  test('changes the result of no random condition', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = randomOf(seed);
        expectSame(randomCondition(random), { async: randomEvent(random) });
      }),
      { numRuns: 5_000 },
    );
  });

  test('changes the outcome of no sequence of tokens', () => {
    const piece = fc.constantFrom(
      ...['async', '.', '.', 'a', '[', ']', '(', ')', '{', '}', '"a"', "'", '1', '1u', '0x1', 'in'],
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
        '"',
        '1.5',
      ],
      ...[
        ' ',
        '//',
        '\n',
        'r"a"',
        'b"a"',
        '"""',
        '`a`',
        '.5',
        '1e',
        'e5',
        '\\',
        'x',
        'size(',
        '-1',
        '\f',
      ],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        expectSame(pieces.join(''), { async: { a: 1 } });
      }),
      { numRuns: 20_000 },
    );
  });
});

test('a cache of texts keeps what is used and forgets the rest', () => {
  const cache = new TextCache<number>(100, 1_000_000);
  for (let i = 0; i < 1_000; i++) {
    cache.set(`text ${i}`, i);
    if (i > 0) expect(cache.get('text 0')).toBe(0);
  }
  const held = Array.from({ length: 1_000 }, (_, i) => cache.get(`text ${i}`) !== undefined);
  expect(held.filter(Boolean).length).toBeLessThanOrEqual(101);
  const small = new TextCache<string>(1_000, 100);
  for (let i = 0; i < 50; i++) small.set('x'.repeat(i), 'value');
  expect(small.get('x')).toBeUndefined();
  expect(small.get('x'.repeat(49))).toBe('value');
});

test('a compile cache of one shape serves more texts than it holds', () => {
  const program = programOf('async.data.shared == "0"');
  for (let i = 0; i < 25_000; i++) {
    const text = `async.data.shared == "${i}"`;
    if (i % 5_000 === 0) expect(programOf(text)).toBe(program);
    expect(evaluateBoolean(text, { async: { data: { shared: `${i}` } } }).ok).toBe(true);
  }
});

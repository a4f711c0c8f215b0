import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { compile, evaluateBoolean } from '../../src/expression/expression.ts';
import { interpolate } from '../../src/expression/interpolate.ts';

const event = {
  name: 'order.created',
  data: {
    id: 'o-1',
    n: 5,
    big: 1e21,
    flag: true,
    nothing: null,
    tags: ['a', 'b'],
    o: { k: 'v"\n' },
  },
};

function filled(text: string): string {
  const result = interpolate(text, { event });
  return result.ok ? result.text : `error: ${result.message}`;
}

/** The text, what is left of it, and nothing else. */
const cases: readonly (readonly [string, string])[] = [
  ['async.data.id == event.data.id', 'async.data.id == "o-1"'],
  ['event.data.id == async.data.id', '"o-1" == async.data.id'],
  ['async.data.n >= event.data.n', 'async.data.n >= 5.0'],
  ['async.data.n > event.data.n + 1', 'async.data.n > 6.0'],
  ['async.data.n > event.data.big', 'async.data.n > 1e+21'],
  ['async.data.x == event.data.flag', 'async.data.x == true'],
  ['async.data.x == event.data.nothing', 'async.data.x == null'],
  ['async.data.x == event.data.o.k', 'async.data.x == "v\\"\\n"'],
  ['async.data.id in event.data.tags', 'async.data.id in ["a", "b"]'],
  ['async.data.o == event.data.o', 'async.data.o == {"k": "v\\"\\n"}'],
  ['async.data.id == event["data"]["id"]', 'async.data.id == "o-1"'],
  ['async.data.list.contains(event.data.id)', 'async.data.list.contains("o-1")'],
  ['async.data[event.data.id]', 'async.data["o-1"]'],
  // A path that the trigger does not have
  ['async.data.id == event.data.missing', 'async.data.id == null'],
  ['event.data.missing == async.data.id', 'async.data.id == null'],
  ['event.data.missing < async.data.id', 'async.data.id > null'],
  ['async.data.id != event.data.a.b.c', 'async.data.id != null'],
  ['event.data.missing == "x"', 'false'],
  ['event.data.missing', 'false'],
  ['async.data.list.contains(event.data.missing)', 'false'],
  ['async.data.x + event.data.missing', 'async.data.x + event.data.missing'],
  // Constants
  ['event.data.n == 5', 'true'],
  ['event.data.n == 5 && async.data.a == 1', 'async.data.a == 1'],
  ['async.data.a == 1 && event.data.n == 5', 'async.data.a == 1'],
  ['event.data.n == 6 && async.data.a == 1', 'false'],
  ['async.data.a == 1 && event.data.n == 6', 'false'],
  ['async.data.a == 1 || event.data.n == 5', 'true'],
  ['event.data.n == 6 || async.data.a == 1', 'async.data.a == 1'],
  ['async.data.a == 1 || event.data.n == 6 || async.data.b', 'async.data.a == 1 || async.data.b'],
  ['async.data.a && event.data.flag', 'async.data.a && true'],
  ['event.data.flag ? async.data.a : async.data.b', 'async.data.a'],
  ['event.data.missing ? async.data.a : async.data.b', 'async.data.b'],
  ['(event.data.flag ? 1 : async.data.x) == 1', 'true'],
  ['has(event.data.id) && has(async.data.id)', 'has(async.data.id)'],
  ['has(event.data.missing) && has(async.data.id)', 'false'],
  // Nothing that the text says is lost
  [
    'async.data.name.startsWith("x") && !(async.data.a == event.data.n && async.data.b)',
    'async.data.name.startsWith("x") && !(async.data.a == 5.0 && async.data.b)',
  ],
  ['async.data.a - (async.data.b - event.data.n)', 'async.data.a - (async.data.b - 5.0)'],
  ['async.data.l.exists(x, x.id == event.data.id)', 'async.data.l.exists(x, x.id == "o-1")'],
  [
    'async.data.l.exists(event, event.id == 1) && event.data.n == 5',
    'async.data.l.exists(event, event.id == 1)',
  ],
  [
    'event.data.tags.exists(list, list == async.data.id)',
    '["a", "b"].exists(list, list == async.data.id)',
  ],
  ['event.data.tags.exists(t, t == "a") && async.data.id == 1', 'async.data.id == 1'],
  [
    'async.ts > event.data.n && now() > date("2026-01-01")',
    'async.ts > 5.0 && now() > timestamp("2026-01-01T00:00:00Z")',
  ],
  ['(event.data.id > 5) || async.data.a == 1', '1 / 0 || async.data.a == 1'],
  // No reference to the trigger
  ['async.data.a==1', 'async.data.a==1'],
  ['async.data.a == "event.data.id"', 'async.data.a == "event.data.id"'],
];

describe('interpolate', () => {
  for (const [text, expected] of cases) {
    test(`${text} becomes ${expected}`, () => {
      expect(filled(text)).toBe(expected);
    });
  }

  test('reports text that does not parse', () => {
    expect(filled('event.data. == 1')).toStartWith('error: error compiling expression: line 1');
  });

  test('reports a condition that can only fail', () => {
    expect(filled('event.data.id > 5')).toBe(
      'error: expression errored: invalid type comparison: string with int',
    );
  });

  test('reports data that is too long to stand in an expression', () => {
    const long = { data: { id: 'x'.repeat(70_000) } };
    expect(interpolate('async.data.id == event.data.id', { event: long }).ok).toBe(false);
  });

  test('without a trigger id, an event without an id matches', () => {
    expect(evaluateBoolean('async.data.id == null', { async: { data: {} } })).toEqual({
      ok: true,
      value: true,
    });
  });
});

/** Conditions over a few paths of both events. The trigger has them all, the later event may not. */
const scalar = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer({ min: -3, max: 3 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom('', 'a', 'b', 'o-1', '"\\\n\u2028🎉\u0000'),
);
const value = fc.oneof(
  scalar,
  fc.array(scalar, { maxLength: 3 }),
  fc.dictionary(fc.constantFrom('a', 'k', '"'), scalar, { maxKeys: 2 }),
);
const fields = { a: value, b: value, c: value };
const full = fc.record({ data: fc.record(fields) });
const partial = fc.record({ data: fc.record(fields, { requiredKeys: [] }) });

const path = fc.constantFrom(
  'event.data.a',
  'event.data.b',
  'event.data["c"]',
  'async.data.a',
  'async.data.b',
);
const operand = fc.oneof(
  path,
  fc.constantFrom('1', '1.5', '"a"', 'null', 'true', 'false', '[1, "a"]'),
);

const { condition } = fc.letrec<{ condition: string }>((tie) => {
  const inner = tie('condition');
  const pair = fc.tuple(inner, inner);
  return {
    condition: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc
        .tuple(operand, fc.constantFrom('==', '!=', '<', '<=', '>', '>='), operand)
        .map((parts) => parts.join(' ')),
      path,
      fc.constantFrom('has(event.data.missing)', 'has(async.data.a)', 'async.data.missing == 1'),
      pair.map(([a, b]) => `(${a}) && (${b})`),
      pair.map(([a, b]) => `(${a}) || (${b})`),
      fc.tuple(inner, inner, inner).map(([a, b, c]) => `(${a}) || (${b}) || (${c})`),
      fc.tuple(inner, inner, inner).map(([a, b, c]) => `(${a}) && (${b}) && (${c})`),
      fc.tuple(inner, inner, inner).map(([a, b, c]) => `((${a}) ? (${b}) : (${c}))`),
      inner.map((a) => `!(${a})`),
      fc.tuple(operand, operand).map(([a, b]) => `${a} in ${b}`),
      fc.tuple(operand, operand).map(([a, b]) => `${a} + ${b} == ${a}`),
      fc.tuple(operand, operand).map(([a, b]) => `${a} - ${b} > 0`),
      fc.tuple(path, inner).map(([range, a]) => `${range}.exists(x, x == 1 || ${a})`),
      fc.tuple(path, path).map(([range, a]) => `${range}.all(x, x != ${a})`),
      operand.map((a) => `size(${a}) == 1`),
      fc.tuple(operand, operand).map(([a, b]) => `${a}.contains(${b})`),
    ),
  };
});

function answer(text: string, vars: Record<string, unknown>): unknown {
  const compiled = compile(text);
  if (!compiled.ok) throw new Error(compiled.message);
  const result = compiled.expression.evaluate(vars);
  return result.ok ? { value: result.value } : 'error';
}

describe('an interpolated condition', () => {
  test('evaluates without the trigger as the original does with it', () => {
    fc.assert(
      fc.property(condition, full, partial, (text, trigger, later) => {
        const direct = answer(text, { event: trigger, async: later });
        const result = interpolate(text, { event: trigger });
        const indirect = result.ok ? answer(result.text, { async: later }) : 'error';
        expect(indirect).toEqual(direct);
      }),
      { numRuns: 3_000 },
    );
  });

  test('is always text that compiles, whatever the trigger lacks', () => {
    fc.assert(
      fc.property(condition, partial, (text, trigger) => {
        const result = interpolate(text, { event: trigger });
        if (result.ok) expect(compile(result.text).ok).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

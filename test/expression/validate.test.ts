import { describe, expect, test } from 'bun:test';
import { type Policy, validate } from '../../src/expression/validate.ts';
import { groups } from './vectors/groups.ts';

const isValid = (text: string, policy: Policy = 'full'): boolean => validate(text, policy).ok;

/** What is wrong, without the places. */
function problems(text: string, policy: Policy = 'full'): string[] {
  const result = validate(text, policy);
  return result.ok ? [] : result.messages.map((message) => message.split('\n')[0] ?? '');
}

describe('the full policy', () => {
  test('accepts event, async and vars only', () => {
    expect(isValid('event.data.a == async.data.a && vars.a == 1')).toBe(true);
    expect(problems('steps.a == 1')).toEqual(["line 1, column 1: undeclared reference to 'steps'"]);
    expect(problems('invalid')).toEqual(["line 1, column 1: undeclared reference to 'invalid'"]);
    expect(isValid('type(event.ts) == google.protobuf.Timestamp')).toBe(true);
  });

  test('knows the variables of macros, inside their macros only', () => {
    expect(isValid('event.data.l.exists(x, x.y.exists(z, z == x))')).toBe(true);
    expect(isValid('event.data.l.exists(x, x == 1) && x == 2')).toBe(false);
  });

  test('reports every problem at its place', () => {
    expect(problems('event.data.a == b &&\n nothing(c)')).toEqual([
      "line 1, column 17: undeclared reference to 'b'",
      "line 2, column 10: undeclared reference to 'c'",
      "line 2, column 2: undeclared reference to function 'nothing'",
    ]);
  });

  test('refuses syntax errors and unknown or misused functions', () => {
    expect(isValid('event.data.a === 1')).toBe(false);
    expect(isValid('size(event.data.a, 1)')).toBe(false);
    expect(isValid('contains(event.data.a, "x")')).toBe(false);
    expect(isValid('event.data.a.lowercase()')).toBe(false);
  });

  test('refuses types that can never fit, and nothing that data may decide', () => {
    expect(isValid('"a" > 1')).toBe(false);
    expect(isValid('"a" == 1')).toBe(false);
    expect(isValid('!5')).toBe(false);
    expect(isValid('"a" - 1')).toBe(false);
    expect(isValid('1 == 1.0 && null < 5 && "a" + 1 == event.data.x')).toBe(true);
    expect(isValid('event.data.plan || "free"')).toBe(true);
  });

  test('accepts every expression that evaluates without an error, unless its types can never be equal', () => {
    const refusedTexts = Object.values(groups)
      .flat()
      .filter(({ value }) => typeof value !== 'symbol')
      .filter(({ text }) => problems(text).some((problem) => !/for '[=!]='/.test(problem)))
      .map(({ text }) => text);
    expect(refusedTexts).toEqual(['steps.one.data', 'invalid', 'size(int("x"))']);
  });
});

/** Expressions, and what is wrong with them. */
const wrong: readonly (readonly [string, ...string[]])[] = [
  ['evnt.data.a == 1', "line 1, column 1: undeclared reference to 'evnt'; did you mean 'event'?"],
  [
    'event.a == asnyc.a',
    "line 1, column 12: undeclared reference to 'asnyc'; did you mean 'async'?",
  ],
  ['event.a ==\n\n  nope', "line 3, column 3: undeclared reference to 'nope'"],
  [
    'sise(event.a) > 1',
    "line 1, column 1: undeclared reference to function 'sise'; did you mean 'size'?",
  ],
  ['event.a.lenght() > 1', "line 1, column 1: undeclared reference to function 'lenght'"],
  [
    'event.a.length() > 1',
    "line 1, column 1: undeclared reference to function 'length'; did you mean 'size'?",
  ],
  [
    'event.a.startswith("x")',
    "line 1, column 1: undeclared reference to function 'startswith'; did you mean 'startsWith'?",
  ],
  [
    'event.a.includes("x")',
    "line 1, column 1: undeclared reference to function 'includes'; did you mean 'contains'?",
  ],
  [
    'toLowerCase(event.a)',
    "line 1, column 1: undeclared reference to function 'toLowerCase'; did you mean 'lowercase'?",
  ],
  [
    'event.a.lowercase()',
    "line 1, column 1: undeclared reference to function 'lowercase'; write lowercase(…)",
  ],
  [
    'contains(event.a, "x")',
    "line 1, column 1: undeclared reference to function 'contains'; write text.contains(…)",
  ],
  [
    'event.l.exists("x")',
    "line 1, column 1: undeclared reference to function 'exists'; write list.exists(x, condition)",
  ],
  ['size(event.a, 1)', "line 1, column 1: wrong number of arguments for 'size': 2; it takes 1"],
  ['now(1) > now()', "line 1, column 1: wrong number of arguments for 'now': 1; it takes 0"],
  [
    'event.a.contains("a", "b")',
    "line 1, column 1: wrong number of arguments for 'contains': 2; it takes 1",
  ],
  [
    '"a".startsWith(1)',
    "line 1, column 16: no matching overload for 'startsWith': its argument is a number, not a string",
  ],
  [
    'event.a &&\n  event.b.contains(true)',
    "line 2, column 20: no matching overload for 'contains': its argument is a bool, not a string",
  ],
  [
    '(5).contains("a")',
    "line 1, column 2: no matching overload for 'contains': its receiver is a number, not a string",
  ],
  [
    'size(5) > 1',
    "line 1, column 6: no matching overload for 'size': its argument is a number, not a bytes or list or map or string",
  ],
  [
    'int(true) == 1',
    "line 1, column 5: no matching overload for 'int': its argument is a bool, not a number or string or google.protobuf.Timestamp or google.protobuf.Duration",
  ],
  [
    '"2026".getHours() == 1',
    "line 1, column 1: no matching overload for 'getHours': its receiver is a string, not a google.protobuf.Timestamp or google.protobuf.Duration",
  ],
  [
    'now().getHours(5) == 1',
    "line 1, column 16: no matching overload for 'getHours': its argument is a number, not a string",
  ],
  [
    'event.a > 1 && "a" > 1',
    "line 1, column 16: no matching overload for '>' applied to (string, number)",
  ],
  [
    'size(event.a) == "3"',
    "line 1, column 1: no matching overload for '==' applied to (number, string)",
  ],
  [
    'now() > "2026-01-01"',
    "line 1, column 1: no matching overload for '>' applied to (google.protobuf.Timestamp, string)",
  ],
  [
    'now() - 5 > now()',
    "line 1, column 1: no matching overload for '-' applied to (google.protobuf.Timestamp, number)",
  ],
  ['"a" - 1 == 0', "line 1, column 1: no matching overload for '-' applied to (string, number)"],
  ['true + true', "line 1, column 1: no matching overload for '+' applied to (bool, bool)"],
  ['[1] < [2]', "line 1, column 1: no matching overload for '<' applied to (list, list)"],
  ['!"a"', "line 1, column 1: no matching overload for '!' applied to (string)"],
  ['-"a" == 1', "line 1, column 1: no matching overload for '-' applied to (string)"],
  ['"a" in "abc"', "line 1, column 1: no matching overload for 'in': a string contains nothing"],
  ['size(event.a).exists(x, x)', 'line 1, column 1: a number has no elements to go through'],
  ['event.a.matches("(")', 'line 1, column 17: invalid regular expression: missing closing )'],
  [
    'matches(event.a, "a(?=b)")',
    'line 1, column 18: invalid regular expression: invalid or unsupported group (?',
  ],
  ['date("soon") > now()', 'line 1, column 6: date() cannot read the text'],
  ['date(5) > now()', 'line 1, column 6: date() takes no number before the year 2000'],
  ['timestamp("2026-01-01") > now()', 'line 1, column 11: timestamp() cannot convert "2026-01-01"'],
  ['duration("5 days") > duration("1h")', 'line 1, column 10: duration() cannot convert "5 days"'],
  ['now_plus("soon") > now()', 'line 1, column 10: duration() cannot convert "soon"'],
  ['now().getHours("Mars/Base") == 1', 'line 1, column 16: unknown time zone "Mars/Base"'],
  ['event.a == "x', 'error compiling expression: line 1, column 12: Unterminated string'],
  [
    'evnt.a == 1 &&\n size(5) == 1',
    "line 1, column 1: undeclared reference to 'evnt'; did you mean 'event'?",
    "line 2, column 7: no matching overload for 'size': its argument is a number, not a bytes or list or map or string",
  ],
];

describe('messages', () => {
  for (const [text, ...expected] of wrong) {
    test(`say what is wrong with ${JSON.stringify(text)}, and where`, () => {
      expect(problems(text)).toEqual(expected);
    });
  }

  test('point below the place in the text as written', () => {
    const result = validate('event.a == 1 &&\n  "a".startsWith(1)', 'full');
    expect(result).toEqual({
      ok: false,
      messages: [
        "line 2, column 18: no matching overload for 'startsWith': its argument is a number, not a string\n" +
          ' |   "a".startsWith(1)\n' +
          ' |                  ^',
      ],
    });
  });

  test('are none for what evaluation has a rule for', () => {
    for (const text of [
      '1 + "a" < "b"',
      'event.a + 1 > event.b',
      'null < 5',
      'event.a || "x"',
      'lowercase(5) == ""',
      '"a".matches(event.pattern)',
      'date(event.at) > now_minus(event.ttl)',
      'duration("1d") < duration("1w")',
      'event.l.filter(x, x).size() > 0',
      'timestamp(0).getHours(event.zone) == 1',
    ]) {
      expect(problems(text)).toEqual([]);
    }
  });
});

describe('the restrictive policy', () => {
  test('accepts comparisons, logic, access and number conversions', () => {
    for (const text of [
      'async.data.id == event.data.id',
      '!(async.data.a > -5) || async.data.b in ["x", "y"]',
      'async.data["a-b"][0] ? true : false',
      'int(async.data.a) == 1 && uint(1) < 2u && double("1.5") > 1.0',
    ]) {
      expect(problems(text, 'restrictive')).toEqual([]);
    }
  });

  test('refuses macros, functions and arithmetic, all of them at once', () => {
    expect(
      problems(
        'has(async.a) && async.l.exists(x, x) && size(async.l) + 1 > -async.b',
        'restrictive',
      ),
    ).toEqual([
      'line 1, column 1: the macro has() is not allowed here',
      'line 1, column 17: the macro exists() is not allowed here',
      'line 1, column 41: the operator + is not allowed here',
      'line 1, column 41: the function size() is not allowed here',
      'line 1, column 61: the operator - is not allowed here',
    ]);
    expect(isValid('now() > date(async.data.at)', 'restrictive')).toBe(false);
    expect(isValid('async.data.name.contains("x")', 'restrictive')).toBe(false);
  });
});

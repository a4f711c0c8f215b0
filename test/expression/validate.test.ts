import { describe, expect, test } from 'bun:test';
import { type Policy, validate } from '../../src/expression/validate.ts';
import { error, groups } from './vectors.ts';

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

  test('accepts every expression that evaluates without an error', () => {
    const refused = Object.values(groups)
      .flat()
      .filter(({ text, value }) => value !== error && !isValid(text));
    const allowed = new Set(['steps.one.data', 'invalid']);
    expect(refused.filter(({ text }) => !allowed.has(text))).toEqual([]);
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

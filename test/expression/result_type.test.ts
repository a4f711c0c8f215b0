import { describe, expect, test } from 'bun:test';
import { booleanProblem } from '../../src/expression/result_type.ts';

function problem(text: string): string | null {
  return booleanProblem(text)?.split('\n')[0] ?? null;
}

describe('a condition', () => {
  test('may be anything that can be true', () => {
    for (const text of [
      'event.data.a == 1',
      'event.data.flag',
      'event.data.a && event.data.b',
      'event.data.a || "fallback"',
      'event.data.a ? true : 1',
      'event.data.l.exists(x, x == 1)',
      'has(event.data.a)',
      'bool(event.data.a)',
      'event.data.a.contains("x")',
      'event.data.a + event.data.b',
      'dyn(1)',
      'true',
    ]) {
      expect(problem(text)).toBeNull();
    }
  });

  test('is refused when all that it gives is something else, with the place', () => {
    const gives = (type: string): string =>
      `the condition gives a ${type}, never true or false; compare it with something`;
    expect(problem('size(event.data.l)')).toBe(`line 1, column 1: ${gives('number')}`);
    expect(problem('"pro"')).toBe(`line 1, column 1: ${gives('string')}`);
    expect(problem('lowercase(event.data.a)')).toBe(`line 1, column 1: ${gives('string')}`);
    expect(problem('1 + 2')).toBe(`line 1, column 1: ${gives('number')}`);
    expect(problem('date(event.data.at)')).toStartWith('line 1, column 1: the condition gives a ');
    expect(problem('event.data.l.map(x, x)')).toBe(`line 1, column 1: ${gives('list')}`);
    expect(problem('event.data.a\n  ? 1\n  : "b"')).toBe(`line 2, column 5: ${gives('number')}`);
    expect(problem('1 || "a"')).toBe(`line 1, column 1: ${gives('number')}`);
    expect(problem('null')).toBe(`line 1, column 1: ${gives('null')}`);
  });

  test('that does not parse is left to the validator', () => {
    expect(problem('event.data.')).toBeNull();
  });
});

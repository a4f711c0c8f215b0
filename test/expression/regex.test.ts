import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { Budget, BudgetExceeded } from '../../src/expression/budget.ts';
import { matchesRegex } from '../../src/expression/regex.ts';
import { Failure } from '../../src/expression/value.ts';

const matches = (text: string, pattern: string): boolean | string => {
  const result = matchesRegex(text, pattern, new Budget());
  return result instanceof Failure ? result.message : result;
};

const cases: readonly (readonly [
  pattern: string,
  yes: readonly string[],
  no: readonly string[],
])[] = [
  ['', ['', 'a'], []],
  ['abc', ['abc', 'xabcx'], ['ab', '']],
  ['^abc$', ['abc'], ['xabc', 'abcx', 'abc\n']],
  ['a.c', ['abc', 'a🎉c'], ['ac', 'a\nc']],
  ['(?s)a.c', ['a\nc'], ['ac']],
  ['(?i)AbC', ['aBc'], ['ab']],
  ['(?i:a)b', ['Ab', 'ab'], ['AB']],
  ['^(?m)x$', ['x'], []],
  ['(?m)^b$', ['a\nb\nc'], ['ab']],
  ['a*b', ['b', 'aab'], ['a']],
  ['^a+$', ['a', 'aa'], ['', 'ab']],
  ['^a?$', ['', 'a'], ['aa']],
  ['^a{2}$', ['aa'], ['a', 'aaa']],
  ['^a{2,}$', ['aa', 'aaa'], ['a']],
  ['^a{1,2}$', ['a', 'aa'], ['', 'aaa']],
  ['^a{,2}$', ['a{,2}'], ['aa']],
  ['^a+?b*?$', ['a', 'aabb'], ['b']],
  ['cat|dog', ['cat', 'hotdog'], ['cow']],
  ['^(a|b)*c$', ['c', 'abac'], ['abd']],
  ['^(?:ab)+$', ['abab'], ['aba']],
  ['^(?P<name>a)(?<other>b)$', ['ab'], ['a']],
  ['^[a-c]+$', ['abc'], ['abd']],
  ['^[^a-c]$', ['d', '🎉'], ['a']],
  ['^[]a-]$', [']', 'a', '-'], ['b']],
  ['^[\\d_\\-]+$', ['1_-'], ['a']],
  ['^[[:alpha:][:digit:]]+$', ['a1'], ['_']],
  ['^[[:^alpha:]]$', ['1'], ['a']],
  ['^\\w+@\\w+\\.com$', ['a@b.com'], ['a@bxcom']],
  ['^\\D\\W\\S$', ['a-b'], ['1-b']],
  ['\\bcat\\b', ['a cat!'], ['concat']],
  ['\\Bcat', ['concat'], ['cat']],
  ['\\Aab\\z', ['ab'], ['ab\n']],
  ['^\\x41\\x{1F389}\\t$', ['A🎉\t'], ['A']],
  ['^\\p{Lu}\\pL\\p{Greek}$', ['Aaα'], ['aaα']],
  ['^\\P{L}$', ['1'], ['a']],
  ['^\\.\\*\\\\$', ['.*\\'], ['ab\\']],
  ['^(a*)*$', ['', 'aaa'], ['b']],
];

describe('matchesRegex', () => {
  for (const [pattern, yes, no] of cases) {
    test(`${pattern} matches what it should`, () => {
      for (const text of yes) expect([text, matches(text, pattern)]).toEqual([text, true]);
      for (const text of no) expect([text, matches(text, pattern)]).toEqual([text, false]);
    });
  }

  test('refuses what RE2 refuses', () => {
    for (const pattern of [
      '(',
      ')',
      '[',
      'a**',
      '*a',
      '+',
      'a{2,1}',
      'a{1001}',
      '(?=a)',
      '(?<!a)',
      '(a)\\1',
      '[z-a]',
      '\\y',
      '\\',
      '\\p{Nope}',
      '[[:nope:]]',
      '(?x)a',
      '(((a{1000}){1000}){1000})',
    ]) {
      expect([pattern, typeof matches('a', pattern)]).toEqual([pattern, 'string']);
    }
    expect(matches('a', '('.repeat(500))).toBeString();
    expect(matches('a', 'a'.repeat(2_000))).toBeString();
  });

  test('nested empty repetition costs nothing', () => {
    expect(matches('a', '((((){1000}){1000}){1000}){1000}')).toBe(true);
  });

  test('takes time linear in the text where backtracking would not end', () => {
    expect(matches('a'.repeat(20_000), '^(a+)+$')).toBe(true);
    expect(matches(`${'a'.repeat(20_000)}!`, '^(a|a)*$')).toBe(false);
    expect(matches('x'.repeat(20_000), '(x+x+)+y')).toBe(false);
  });

  test('spends from the budget by text and pattern', () => {
    const spend = (): unknown => matchesRegex('a'.repeat(100_000), 'a{500}b', new Budget());
    expect(spend).toThrow(BudgetExceeded);
  });

  test('agrees with the engine of the platform', () => {
    const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '(a|b)', '(ab)', '\\w', '(?:a*b)');
    const part = fc
      .tuple(atom, fc.constantFrom('', '*', '+', '?', '{2}', '{1,2}'))
      .map((p) => p.join(''));
    const pattern = fc
      .tuple(fc.constantFrom('', '^'), fc.array(part, { maxLength: 4 }), fc.constantFrom('', '$'))
      .map(([start, parts, end]) => `${start}${parts.join('')}${end}`);
    const text = fc
      .array(fc.constantFrom('a', 'b', 'c', '\n'), { maxLength: 8 })
      .map((c) => c.join(''));
    fc.assert(
      fc.property(pattern, text, (p, t) => {
        expect(matches(t, p)).toBe(new RegExp(p, 'u').test(t));
      }),
      { numRuns: 2_000 },
    );
  });

  test('never throws, whatever the pattern', () => {
    const piece = fc.constantFrom(...'ab.*+?{}()[]|^$\\,-:12dpPL'.split(''));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        matches('ab12', pieces.join(''));
      }),
      { numRuns: 1_000 },
    );
  });
});

import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { isWildcard, matchesPattern, patternsOf } from '../../src/event/pattern.ts';

describe('patternsOf', () => {
  test.each([
    ['app/user.created', ['app/user.created', 'app/*', 'app/user.*']],
    ['api/v1/users', ['api/v1/users', 'api/*', 'api/v1/*']],
    ['a.b.c', ['a.b.c', 'a.*', 'a.b.*']],
    ['simple', ['simple']],
    ['', ['']],
    ['/x', ['/x']],
    ['.x', ['.x']],
    ['app/', ['app/', 'app/*']],
    ['a.b/c', ['a.b/c', 'a.b/*', 'a.*']],
  ])('of %p are %p', (name, patterns) => {
    expect(patternsOf(name)).toEqual(patterns);
  });

  test('names no pattern twice', () => {
    expect(patternsOf('app/*')).toEqual(['app/*']);
  });
});

test('only a whole suffix after / or . is a wildcard', () => {
  for (const pattern of ['app/*', 'app/user.*', 'a.b.*']) expect(isWildcard(pattern)).toBe(true);
  for (const pattern of ['*', '/*', 'ord*', 'app/*/x', 'app/u*', 'app/**', '']) {
    expect(isWildcard(pattern)).toBe(false);
  }
});

describe('matchesPattern', () => {
  test('reaches any depth below a prefix', () => {
    expect(matchesPattern('app/*', 'app/a/b.c')).toBe(true);
    expect(matchesPattern('app/*', 'app')).toBe(false);
    expect(matchesPattern('app/*', 'apple/a')).toBe(false);
    expect(matchesPattern('*', 'app/a')).toBe(false);
    expect(matchesPattern('ord*', 'order')).toBe(false);
  });

  test('agrees with patternsOf', () => {
    const name = fc
      .array(fc.constantFrom('a', 'b', '/', '.', '*'), { maxLength: 6 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(name, name, (pattern, eventName) => {
        expect(matchesPattern(pattern, eventName)).toBe(patternsOf(eventName).includes(pattern));
      }),
      { numRuns: 2_000 },
    );
  });
});

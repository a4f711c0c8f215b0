import { describe, expect, test } from 'bun:test';
import {
  appIdOf,
  failureSlugOf,
  functionIdOf,
  placeholderIdOf,
  slugOf,
} from '../../src/function/identity.ts';

describe('ids', () => {
  test('are the same on every server', () => {
    expect<string>(appIdOf('app')).toBe('3d5626ad-7fe4-5c0b-95e9-77a4ed2fb255');
    expect<string>(functionIdOf('a', 'pp')).toBe('3d5626ad-7fe4-5c0b-95e9-77a4ed2fb255');
    expect<string>(placeholderIdOf('app')).toBe('3d5626ad-7fe4-5c0b-95e9-77a4ed2fb255');
  });
});

describe('slugs', () => {
  test('of names are lower-case and dashed', () => {
    expect(slugOf('Charge the Card!')).toBe('charge-the-card');
    expect(slugOf('  Été  à_Paris ')).toBe('ete-a_paris');
    expect(slugOf('')).toBe('');
  });

  test('of failure handlers end in -failure', () => {
    expect(failureSlugOf('shop-pay')).toBe('shop-pay-failure');
  });
});

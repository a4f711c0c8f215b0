import { describe, expect, test } from 'bun:test';
import { createHash, createHmac } from 'node:crypto';
import {
  hashedKey,
  isAuthorized,
  isHexKey,
  sign,
  stripKeyPrefix,
  verify,
} from '../../src/lib/signature.ts';

const key = 'signkey-prod-0123456789abcdef0123456789abcdef';
const hex = '0123456789abcdef0123456789abcdef';
const hash = createHash('sha256').update(Buffer.from(hex, 'hex')).digest('hex');

describe('request signatures', () => {
  test('are t then s, over body and seconds, keyed by the hex text without its prefix', () => {
    const mac = createHmac('sha256', hex).update('{"a":1}1767225600').digest('hex');
    expect(sign('{"a":1}', key, 1_767_225_600_999)).toBe(`t=1767225600&s=${mac}`);
    expect(sign('{"a":1}', hex, 1_767_225_600_999)).toBe(`t=1767225600&s=${mac}`);
  });

  test('do not change: a fixed vector', () => {
    expect(sign('', hex, 1_000)).toBe(
      't=1&s=c2a56899f8e6dad8951a30d34b5be54bd457ff077c38b92b6eab206138e6dbbf',
    );
  });

  test('verify for any of the given bodies and for no other', () => {
    const header = sign('{"a":1}', key, 1_000);
    expect(verify(header, ['{"a":1}'], hex)).toBe(true);
    expect(verify(header, ['x', new TextEncoder().encode('{"a":1}')], key)).toBe(true);
    expect(verify(header, ['{"a":2}'], key)).toBe(false);
    expect(verify(header, ['{"a":1}'], 'ff')).toBe(false);
    for (const broken of ['', 't=1', 's=00', 't=1&s=', 'nonsense', `t=2&${header.slice(4)}`]) {
      expect(verify(broken, ['{"a":1}'], key)).toBe(false);
    }
  });
});

describe('signing keys', () => {
  test('lose any environment prefix', () => {
    expect(stripKeyPrefix('signkey-branch_x-ab12')).toBe('ab12');
    expect(stripKeyPrefix('ab12')).toBe('ab12');
  });

  test('must be hex of even length', () => {
    expect(isHexKey(key)).toBe(true);
    expect(isHexKey('signkey-prod-')).toBe(false);
    expect(isHexKey('abc')).toBe(false);
    expect(isHexKey('zz')).toBe(false);
    expect(() => hashedKey('signkey-prod-zz')).toThrow('openssl rand -hex 32');
    expect(hashedKey(key)).toBe(hash);
  });
});

describe('bearer tokens', () => {
  test('everyone is admitted when the server has no key', () => {
    expect(isAuthorized(undefined, undefined)).toBe(true);
    expect(isAuthorized('Bearer undefined', undefined)).toBe(true);
  });

  test.each([
    `Bearer ${key}`,
    `bearer ${hex}`,
    `BEARER signkey-test-${hash}`,
    `Bearer ${hash}`,
    `Bearer signkey-other-${hex}`,
  ])('%s is admitted', (header) => {
    expect(isAuthorized(header, key)).toBe(true);
  });

  test.each([
    null,
    '',
    'Bearer',
    'Bearer ',
    'Bearer undefined',
    `Basic ${hex}`,
    hex,
    `Bearer ${hash.slice(1)}`,
    `Bearer ${hex}0`,
    'Bearer signkey-prod-',
  ])('%p is refused', (header) => {
    expect(isAuthorized(header, key)).toBe(false);
  });

  test('a key that is empty or not hex never admits the hash of nothing', () => {
    const hashOfNothing = createHash('sha256').update('').digest('hex');
    expect(isAuthorized(`Bearer ${hashOfNothing}`, 'zz')).toBe(false);
    expect(isAuthorized(`Bearer ${hashOfNothing}`, '')).toBe(false);
    expect(isAuthorized('Bearer ', 'signkey-prod-')).toBe(false);
    expect(isAuthorized('Bearer zz', 'zz')).toBe(true);
  });
});

import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { appUrlOf, normalizeUrl } from '../../src/function/url.ts';

describe('the normal form of a URL', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['http://127.0.0.1:3000/api/inngest', 'http://localhost:3000/api/inngest'],
    ['http://0.0.0.0:3000/api/inngest', 'http://localhost:3000/api/inngest'],
    ['http://127.0.0.1/api/inngest', 'http://127.0.0.1/api/inngest'],
    ['http://127.0.0.1:80/api/inngest', 'http://127.0.0.1/api/inngest'],
    ['https://example.com:443/x', 'https://example.com/x'],
    ['https://example.com:80/x', 'https://example.com:80/x'],
    ['http://localhost:3000/x?deployId=1&probe=trust', 'http://localhost:3000/x'],
    ['http://localhost:3000/x?b=2&deployId=1&a=1&b=1', 'http://localhost:3000/x?a=1&b=2&b=1'],
    [
      'http://localhost:3000/x?fnId=shop-pay&step=step',
      'http://localhost:3000/x?fnId=shop-pay&step=step',
    ],
    ['http://localhost:3000/x?q=a%20b', 'http://localhost:3000/x?q=a+b'],
    ['ws://connect?app_name=a%20b', 'ws://connect?app_name=a+b'],
    ['ws://connect', 'ws://connect'],
    ['http://localhost:3000', 'http://localhost:3000'],
    ['http://localhost:3000/', 'http://localhost:3000/'],
    [' http://localhost:3000/x ', 'http://localhost:3000/x'],
    ['nonsense', 'nonsense'],
    ['', ''],
  ];
  for (const [text, normal] of cases) {
    test(`of ${JSON.stringify(text)} is ${JSON.stringify(normal)}`, () => {
      expect(normalizeUrl(text)).toBe(normal);
    });
  }

  test('does not change when it is normalised again', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), (url) => {
        const normal = normalizeUrl(url);
        return normalizeUrl(normal) === normal;
      }),
    );
  });

  test('an app URL may be typed without its scheme', () => {
    expect(appUrlOf('127.0.0.1:3000/api/inngest')).toBe('http://localhost:3000/api/inngest');
    expect(appUrlOf('https://example.com/x')).toBe('https://example.com/x');
  });
});

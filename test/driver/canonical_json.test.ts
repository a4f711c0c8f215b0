import { describe, expect, test } from 'bun:test';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { canonicalJson, JsonTooDeepError, jsonDepthMax } from '../../src/lib/canonical_json.ts';

describe('canonical JSON', () => {
  test('agrees with the reference implementation on any JSON value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ depthSize: 'large', stringUnit: 'grapheme' }), (value) => {
        expect(canonicalJson(value)).toBe(String(canonicalize(value)));
      }),
      { numRuns: 500 },
    );
  });

  test('agrees with it on keys that objects reorder', () => {
    const key = fc.constantFrom('10', '9', '1a', '__proto__', 'é', '\u{1f600}', '\ufb33', '', 'a');
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(key, fc.integer()), { selector: ([k]) => k }),
        (members) => {
          const text = `{${members.map(([k, v]) => `${JSON.stringify(k)}:${v}`).join(',')}}`;
          const value: unknown = JSON.parse(text);
          expect(canonicalJson(value)).toBe(String(canonicalize(value)));
        },
      ),
    );
  });

  test('writes the RFC 8785 example of property order', () => {
    const value = { '€': 1, '\r': 2, '\ufb33': 3, '1': 4, '\u{1f600}': 5, '\u0080': 6, ö: 7 };
    expect(canonicalJson(value)).toBe(
      '{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"\u{1f600}":5,"\ufb33":3}',
    );
  });

  test('writes numbers as ES6 does', () => {
    expect(canonicalJson([1e21, 0.000001, 1e-7, -0, 4.5, 333333333.3333333])).toBe(
      '[1e+21,0.000001,1e-7,0,4.5,333333333.3333333]',
    );
  });

  test('replaces lone surrogates, also in keys, but not text that looks like one', () => {
    expect(canonicalJson({ a: 'x\ud800y' })).toBe('{"a":"x\ufffdy"}');
    expect(canonicalJson({ '\udc00': 1 })).toBe('{"\ufffd":1}');
    expect(canonicalJson('\\ud800')).toBe('"\\\\ud800"');
  });

  test('leaves out members without a value', () => {
    expect(canonicalJson({ b: undefined, a: null, 1: undefined })).toBe('{"a":null}');
  });

  test('refuses what nests too deeply, and what is not JSON', () => {
    const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth));
    expect(canonicalJson(nested(jsonDepthMax))).toBe(
      '['.repeat(jsonDepthMax) + ']'.repeat(jsonDepthMax),
    );
    expect(() => canonicalJson(nested(jsonDepthMax + 1))).toThrow(JsonTooDeepError);
    expect(() => canonicalJson(nested(100_000))).toThrow(JsonTooDeepError);
    expect(() => canonicalJson(undefined)).toThrow(TypeError);
    expect(() => canonicalJson(() => 1)).toThrow(TypeError);
  });
});

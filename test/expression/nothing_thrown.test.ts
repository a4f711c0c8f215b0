/** Data that cannot be written, compared or stored: an answer or an error, but nothing is thrown. */
import { describe, expect, test } from 'bun:test';
import { compile, evaluateBoolean, evaluateKey } from '../../src/expression/expression.ts';
import { interpolate } from '../../src/expression/interpolate.ts';
import { MatchSet } from '../../src/expression/matching/match_set.ts';
import { print } from '../../src/expression/print.ts';
import { textOf } from '../../src/expression/text.ts';
import { jsonDepthMax } from '../../src/lib/canonical_json.ts';

const halfPair = '{"o":{"a":"\\ud800","\\udfff":1}}';
const tooDeep = (levels: number) => `{"o":${'['.repeat(levels)}${']'.repeat(levels)}}`;

function nestedList(levels: number): unknown {
  let nested: unknown = [];
  for (let level = 1; level < levels; level += 1) nested = [nested];
  return nested;
}

const inEvent = (data: Record<string, unknown>) => ({ event: { name: 'e', data } });

describe('json_parse', () => {
  const parsed = (raw: string) => {
    const compiled = compile('json_parse(event.data.raw)');
    return compiled.ok ? compiled.expression.evaluate(inEvent({ raw })) : compiled;
  };

  test('gives whole characters only', () => {
    expect(parsed(halfPair)).toEqual({ ok: true, value: { o: { a: '\ufffd', '\ufffd': 1 } } });
    expect(parsed('{"a":"\\ud83d\\ude00"}')).toEqual({ ok: true, value: { a: '😀' } });
  });

  test('gives an empty map for what is deeper than JSON may be', () => {
    expect(parsed(tooDeep(jsonDepthMax))).toEqual({ ok: true, value: {} });
    expect(parsed(tooDeep(100_000))).toEqual({ ok: true, value: {} });
    expect(parsed(tooDeep(jsonDepthMax - 1))).not.toEqual({ ok: true, value: {} });
  });
});

describe('what cannot be text', () => {
  test.each([
    ['a list with half a pair', ['\ud800'], '["\ufffd"]'],
    ['a map with half a pair', { '\udc00': '\ud800' }, '{"\ufffd":"\ufffd"}'],
    ['half a pair', '\ud800', '\ufffd'],
  ])('is replaced in the key of %s', (_, x, key) => {
    expect(evaluateKey('event.data.x', inEvent({ x }))).toEqual({ ok: true, key });
    expect(textOf(x)).toBe(key);
  });

  test('because it is too deep is an error', () => {
    const vars = inEvent({ deep: nestedList(100_000), deeper: nestedList(jsonDepthMax + 1) });
    const compiled = compile('event.data.deep');
    expect(compiled.ok && compiled.expression.evaluate(vars).ok).toBe(false);
    expect(evaluateKey('event.data.deep', vars)).toEqual({
      ok: false,
      message: 'expression errored: the data is nested too deeply',
    });
    for (const text of ['event.data.deeper', '"x" + event.data.deeper']) {
      expect(evaluateKey(text, vars)).toEqual({
        ok: false,
        message: `expression errored: the JSON value is nested more than ${jsonDepthMax} levels deep; flatten it`,
      });
    }
  });

  test('does not keep the other conditions of a set from being decided', () => {
    const set = new MatchSet<string>();
    set.add('before', 'async.data.n == 1');
    set.add('joined', '"x" + async.data.deep == "y"');
    set.add('parsed', '"x" + json_parse(async.data.raw).o != ""');
    set.add('after', 'size(async.data.deep) == 1');
    const failures: string[] = [];
    const event = { data: { n: 1, raw: halfPair, deep: nestedList(100_000) } };
    const found = set.matches(event, (id) => failures.push(id)).sort();
    expect(found).toEqual(['after', 'before', 'parsed']);
    expect(failures).toEqual(['joined']);
  });
});

test('what a getter of the data throws is an error of the expression', () => {
  const vars = {
    get event(): never {
      throw new Error('it cannot be read');
    },
  };
  expect(evaluateBoolean('event.a == 1', vars)).toEqual({
    ok: false,
    message: 'expression errored: it cannot be read',
  });
});

describe('a waiting condition cannot be filled in', () => {
  const zeros = (count: number) => Array.from({ length: count }, () => 0);

  test.each([
    ['what is too deep', 'async.data.x == event.data.deep', { deep: nestedList(100_000) }],
    [
      'what takes too long to compare',
      '(event.data.f ? event.data.a : async.x) == event.data.b',
      { f: 1, a: zeros(1_200_000), b: zeros(1_200_000) },
    ],
  ])('with %s', (_, text, data) => {
    expect(interpolate(text, inEvent(data))).toMatchObject({ ok: false });
  });

  test('with half a character', () => {
    const filled = interpolate('async.data.x == event.data.x', inEvent({ x: 'a\ud800' }));
    expect(filled).toEqual({ ok: true, text: 'async.data.x == "a\ufffd"' });
    expect(print({ kind: 'literal', value: '\udc00', at: 0 })).toBe('"\ufffd"');
  });
});

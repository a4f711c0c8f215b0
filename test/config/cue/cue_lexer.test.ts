import { describe, expect, test } from 'bun:test';
import { readTokens, unquoted } from '../../../src/config/cue/cue_lexer.ts';

const words = (text: string) => readTokens(text).map((token) => token.text);

describe('readTokens', () => {
  test('tells names, strings, numbers and marks apart', () => {
    expect(readTokens('a: "b" & #C | 1.5').map(({ kind, text }) => [kind, text])).toEqual([
      ['name', 'a'],
      ['mark', ':'],
      ['string', '"b"'],
      ['mark', '&'],
      ['name', '#C'],
      ['mark', '|'],
      ['number', '1.5'],
    ]);
  });

  test('reads nothing in comments', () => {
    expect(words('a: 1 // import "x" {\nb: 2')).toEqual(['a', ':', '1', 'b', ':', '2']);
  });

  test.each([
    ['"a // b"'],
    ["'a { b'"],
    ['"a \\" b"'],
    ['"""\n  import "x"\n  "" {\n  """'],
    ["'''\n  it's\n  '''"],
    ['#"a " \\ b"#'],
    ['##"a "# b"##'],
    ['#"""\n """ \n"""#'],
  ])('takes %p for one string', (text) => {
    expect(words(`${text}, x`)).toEqual([text, ',', 'x']);
  });

  test('takes hashes in a row without a quote for one mark', () => {
    expect(words('a ### b ##"c"## #D ##')).toEqual(['a', '###', 'b', '##"c"##', '#D', '##']);
  });

  test('reads a text again only after another one', () => {
    const tokens = readTokens('a: 1');
    expect(readTokens('a: 1')).toBe(tokens);
    readTokens('b: 2');
    expect(words('a: 1')).toEqual(['a', ':', '1']);
  });

  test('reads the code inside of strings, however deep', () => {
    expect(words('"a \\(x + "b \\(y) c") d" z')).toEqual(['', 'x', '+', '', 'y', 'z']);
    expect(words('#"a \\(x) \\#(y)"# z')).toEqual(['', 'y', 'z']);
    expect(words('"""\n\\(f({a: 1}))\n""" z').at(-1)).toBe('z');
  });

  test('ends a string that is never closed with its line', () => {
    expect(words('a: "b\nc: 1')).toEqual(['a', ':', '"b', 'c', ':', '1']);
  });

  test('counts the brackets that are open', () => {
    const depths = readTokens('a: {b: [(c)]} d').map(({ text, depth }) => `${text}${depth}`);
    expect(depths.join(' ')).toBe('a0 :0 {0 b1 :1 [1 (2 c3 )2 ]1 }0 d0');
  });

  test('tells which words start a line', () => {
    const starts = readTokens('a: 1\nb: {\n} c').filter(({ startsLine }) => startsLine);
    expect(starts.map(({ text }) => text)).toEqual(['a', 'b', '}']);
  });

  test('takes any text, also with thousands of brackets', () => {
    for (const text of ['', '"', '\\', '"\\(', '}])', '#', '"""', '\u{1F600}', '@x(']) {
      expect(() => readTokens(text)).not.toThrow();
    }
    expect(readTokens('"\\('.repeat(50_000)).length).toBe(50_000);
    expect(readTokens('['.repeat(100_000)).at(-1)?.depth).toBe(99_999);
  });
});

describe('unquoted', () => {
  test.each([
    ['"a\\u0062"', 'ab'],
    ['#"a\\b"#', 'a\\b'],
    ['"a\\(b"', '"a\\(b"'.slice(1, -1)],
  ])('%p', (text, expected) => {
    expect(unquoted({ text } as Parameters<typeof unquoted>[0])).toBe(expected);
  });
});

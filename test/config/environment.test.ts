// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are what is tested
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { offsetAt, positionAt } from '../../src/config/cue/text_places.ts';
import { expandEnvironment, expandedCharsMax } from '../../src/config/environment.ts';
import { writtenPosition } from '../../src/config/written_position.ts';

const env = {
  HOST: 'queue.test',
  PORT: '6380',
  _X: 'underscore',
  A1: 'digit',
  EMPTY: '',
  QUOTED: 'say "hi", it\'s \\ here',
  LINES: 'one\ntwo\r\tthree\u0001',
  CUE: 'a: 1, b: "two"',
  DOLLAR: '$HOST',
  HASH: '#(name)',
  MARK: '\u{feff}',
};

function expanded(text: string): string {
  const result = expandEnvironment(text, env);
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join('; '));
  return result.text;
}

describe('a variable is put in', () => {
  test.each([
    ['raw outside of strings', 'port: $PORT', 'port: 6380'],
    ['with braces', 'port: ${PORT}', 'port: 6380'],
    ['as code', '{${CUE}}', '{a: 1, b: "two"}'],
    ['into a string', 'host: "$HOST"', 'host: "queue.test"'],
    ['several times, next to each other', '"${HOST}${PORT}$A1"', '"queue.test6380digit"'],
    ['before what cannot be a part of its name', '"$HOST:$PORT/x"', '"queue.test:6380/x"'],
    ['with underscore and digit', '"$_X ${A1}"', '"underscore digit"'],
    ['as nothing when it is set to nothing', 'a: "$EMPTY"', 'a: ""'],
    ['but its value is left alone', '"$DOLLAR"', '"$HOST"'],
    ['into JSON', '{"host": "${HOST}"}', '{"host": "queue.test"}'],
    [
      'into code inside a string',
      '"a \\(x + "$HOST" + f($PORT)) $PORT"',
      '"a \\(x + "queue.test" + f(6380)) 6380"',
    ],
    ['after a string that was not ended', 'a: "torn\nb: $PORT', 'a: "torn\nb: 6380'],
    ['after a quote in a comment', '// it\'s "\nb: $PORT', '// it\'s "\nb: 6380'],
    ['after escaped quotes', '"\\"" + $PORT', '"\\"" + 6380'],
    ['after an address in a string', '"http://x" + $PORT', '"http://x" + 6380'],
  ])('%s', (_, text, result) => {
    expect(expanded(text)).toBe(result);
  });
});

describe('a value cannot end the string it is put into', () => {
  test.each([
    ['"$QUOTED"', '"say \\"hi\\", it\'s \\\\ here"'],
    ["'$QUOTED'", "'say \"hi\", it\\'s \\\\ here'"],
    ['"""\n\t$QUOTED\n\t"""', '"""\n\tsay \\"hi\\", it\'s \\\\ here\n\t"""'],
    ['#"$QUOTED"#', '#"say \\#"hi\\#", it\'s \\#\\ here"#'],
    ['##"""\n$LINES\n"""##', '##"""\none\\##ntwo\\##r\\##tthree\\##u0001\n"""##'],
    ['"$LINES"', '"one\\ntwo\\r\\tthree\\u0001"'],
  ])('in %p', (text, result) => {
    expect(expanded(text)).toBe(result);
  });

  test.each([
    ['#"{"color": "$HASH"}"#', '#"{"color": "\\#u0023(name)"}"#'],
    ['#"path\\${HASH}"#', '#"path\\\\#u0023(name)"#'],
    ['##"a"#${HASH}#"##', '##"a"#\\##u0023(name)#"##'],
    ['#"a"${EMPTY}#b"#', '#"a"\\#u0023b"#'],
    ['#"a\\${EMPTY}#(b)"#', '#"a\\\\#u0023(b)"#'],
    ['#"${EMPTY}"b"#', '#"\\#"b"#'],
    ['"""\n""${EMPTY}"\n"""', '"""\n""\\"\n"""'],
    ['#"${EMPTY}"#', '#""#'],
    ['"$MARK $HASH"', '"\\ufeff #(name)"'],
  ])('nor begin code, whatever stands around it: %p', (text, result) => {
    expect(expanded(text)).toBe(result);
  });

  test('whatever it is, read back from JSON it is the same', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const result = expandEnvironment('{"a": "$NAME"}', { NAME: value });
        expect(result).toMatchObject({ ok: true });
        if (result.ok) expect(JSON.parse(result.text)).toEqual({ a: value });
      }),
    );
  });
});

describe('nothing is put in', () => {
  test.each([
    ['for a name with small letters', '"$trigger ${lower} $Trigger $HOSTname ${Host}"'],
    ['for digits and lone dollars', '"$1 $$ $ ${} ${1} cost: $5"'],
    ['after a second dollar', '"$$HOST" + x$$HOST'],
    ['for an underscore alone', '"$_ ${_} $__"'],
    ['in comments', '// $HOST ${PORT}\na: 1 // $HOST'],
    ['inside a name of CUE', 'my$HOST: 1, #D$HOST: 2'],
    ['where the dollar is escaped', '"\\u0024HOST \\$HOST"'],
    ['where the braces are not closed', '"${HOST"'],
  ])('%s', (_, text) => {
    expect(expanded(text)).toBe(text);
  });
});

describe('a variable that is not set', () => {
  test('is named with its place, each of them', () => {
    const result = expandEnvironment('a: "$HOST"\nb: "é $MISSING"\n\tc: ${GONE}', env);
    expect(result).toEqual({
      ok: false,
      problems: [
        {
          name: 'MISSING',
          position: { line: 2, column: 7 },
          message: expect.stringContaining('the environment variable MISSING is not set'),
        },
        {
          name: 'GONE',
          position: { line: 3, column: 5 },
          message: expect.stringContaining('GONE is not set'),
        },
      ],
    });
  });

  test.each(['CONSTRUCTOR', '__PROTO__', 'TOSTRING'])('%s is not found by accident', (name) => {
    const bare: Record<string, string> = {};
    expect(expandEnvironment(`$${name}`, bare).ok).toBe(false);
  });

  test('does not fill the report without end', () => {
    const result = expandEnvironment('$MISSING '.repeat(5_000), env);
    expect(result.ok ? 0 : result.problems.length).toBe(100);
  });
});

test('short names cannot make a document of any size', () => {
  const result = expandEnvironment('"$LONG"\n'.repeat(100_000), { LONG: 'x'.repeat(100_000) });
  expect(result).toMatchObject({
    ok: false,
    problems: [{ name: 'LONG', message: expect.stringContaining(String(expandedCharsMax)) }],
  });
});

test('deep nesting ends the search, not the program', () => {
  const text = '"\\('.repeat(100_000);
  expect(expanded(`${text}$HOST`)).toBe(`${text}$HOST`);
});

const lexis = fc
  .array(
    fc.constantFrom(
      ...['"', "'", '"""', '#"', '"#', '\\(', ')', '(', '{', '}', '\\', '\n', '//', ' ', 'a', 'é'],
      ...['$', '$lower', '${x}', '$1', '$$', '$Trigger', '😀', ': ', ','],
    ),
    { maxLength: 40 },
  )
  .map((pieces) => pieces.join(''));

test('text without a capital after a dollar is unchanged', () => {
  fc.assert(
    fc.property(fc.oneof(lexis, fc.string()), (text) => {
      fc.pre(!/\$\{?_*[A-Z]/.test(text));
      expect(expandEnvironment(text, {})).toEqual({ ok: true, text, insertions: [] });
    }),
  );
});

test('every place of the expanded text leads back to the place it was written at', () => {
  const pieces = fc.array(fc.oneof(lexis, fc.constantFrom('$HOST', '${LINES}', '$EMPTY')), {
    maxLength: 8,
  });
  fc.assert(
    fc.property(pieces, (parts) => {
      const written = parts.join(' ');
      fc.pre(!/\$\{?_*[A-Z]/.test(written.replace(/\$HOST|\$\{LINES\}|\$EMPTY/g, '')));
      const result = expandEnvironment(written, env);
      if (!result.ok) return;
      const { text, insertions } = result;
      const isInside = (at: number) =>
        insertions.some((one) => at >= one.textStart && at < one.textStart + one.textLength);
      const source = { name: 'a.cue', text, written, insertions };
      let last = 0;
      for (let at = 0; at < text.length; at += 1) {
        // Places are told in whole characters.
        if (/[\uDC00-\uDFFF]/.test(text[at] ?? '')) continue;
        const place = writtenPosition(source, positionAt(text, at));
        const origin = offsetAt(written, place) ?? -1;
        expect(origin).toBeGreaterThanOrEqual(last);
        last = origin;
        if (isInside(at)) expect(written[origin]).toBe('$');
        else expect(written[origin]).toBe(text[at]);
      }
    }),
  );
});

/** What an expression may cost: hostile ones end soon with an error that says why. */
import { describe, expect, test } from 'bun:test';
import { compile } from '../../src/expression/expression.ts';
import { macroDepthMax, textCharsMax, visitsMax } from '../../src/expression/limits.ts';
import { validate } from '../../src/expression/validate.ts';

/** Far above what they take, far below what they would take without a limit. */
const deadlineMs = 3_000;

const numbers = Array.from({ length: 2_000 }, (_, i) => i);
const text = 'x'.repeat(1_000_000);
const event = {
  l: numbers,
  text,
  copy: `${'x'.repeat(999_999)}y`,
  twin: `${text.slice(1)}x`,
  line: 'x'.repeat(10_000),
  digits: `${'1'.repeat(500_000)}x`,
  map: Object.fromEntries(numbers.map((n) => [`k${n}`, n])),
  lists: numbers.map((n) => [n]),
};

/** The message of what it ends with. */
function ending(expression: string): string {
  const startMs = performance.now();
  const compiled = compile(expression);
  const result = compiled.ok ? compiled.expression.evaluate({ event }) : compiled;
  expect(performance.now() - startMs).toBeLessThan(deadlineMs);
  return result.ok ? 'no error' : (result.message.split('\n')[0] ?? '');
}

const exhausted = `expression errored: expression visits more than ${visitsMax} elements`;

describe('text', () => {
  test('may have so many characters', () => {
    expect(ending(`"${'a'.repeat(textCharsMax)}"`)).toBe(
      `expression has ${textCharsMax + 2} characters; at most ${textCharsMax} are allowed`,
    );
  });

  test('may be nested so deep, whatever it is nested in', () => {
    const deep = 20_000;
    for (const [open, close] of [
      ['(', ')'],
      ['[', ']'],
      ['!', ''],
      ['-', ''],
      ['size(', ')'],
      ['{1:', '}'],
      ['true ? 1 : ', ''],
      ['1 + (', ')'],
    ]) {
      const nested = `${open?.repeat(deep / 4)}1${close?.repeat(deep / 4)}`.slice(0, textCharsMax);
      expect(ending(nested)).toMatch(/^error compiling expression: .*(depth|deeper|Depth)/);
    }
    expect(ending(`event${'.a'.repeat(deep)}`)).toContain('maxDepth');
    expect(ending(`event${'[0]'.repeat(deep)}`)).toContain('maxDepth');
  });

  test('may have macros within macros so deep', () => {
    const nested = (depth: number): string =>
      depth === 0 ? 'true' : `[1, 2].all(x${depth}, ${nested(depth - 1)})`;
    expect(ending(nested(macroDepthMax))).toBe('no error');
    expect(ending(nested(macroDepthMax + 1))).toContain(
      `macros are nested deeper than ${macroDepthMax} levels`,
    );
  });

  test('may give a call so many arguments', () => {
    expect(ending(`size(${Array(40).fill('1').join(', ')})`)).toContain('maxCallArguments');
  });

  test('with a long chain of unknown methods is read in linear time', () => {
    const chain = `event${'.unknown(a, b)'.repeat(150)}`;
    expect(ending(chain)).toContain('undeclared reference');
    expect(validate(chain, 'full').ok).toBe(false);
  });

  test('with very many problems has some of them reported', () => {
    const startMs = performance.now();
    const result = validate(Array(6_000).fill('a+b').join('\n&& '), 'full');
    expect(performance.now() - startMs).toBeLessThan(deadlineMs);
    expect(result.ok ? [] : result.messages.slice(-1)).toEqual(['and 11980 more']);
  });

  test('with many quoted fields is read in linear time', () => {
    expect(ending(Array(10_000).fill('.`a`').join(' '))).toContain('error compiling expression');
    expect(ending(`${'b"é" + '.repeat(8_000)}`)).toContain('error compiling expression');
  });
});

describe('one evaluation', () => {
  test('goes through so many elements', () => {
    expect(ending('event.l.all(a, event.l.all(b, a + b >= 0.0)) || true')).toBe(exhausted);
    expect(ending('event.l.map(a, event.l.map(b, event.l))')).toBe(exhausted);
    expect(ending('event.l.exists(a, a in event.l && false)')).toBe(exhausted);
    expect(ending('event.l.all(a, event.lists == event.lists + [a] || true)')).toBe(exhausted);
  });

  test('pays for a large body of a macro at each element', () => {
    const body = Array.from({ length: 4_000 }, () => 'x < 1').join(' || ');
    expect(ending(`event.l.all(x, ${body} || true)`)).toBe(exhausted);
  });

  test('makes so much text', () => {
    expect(ending('event.text + event.text + event.text + event.text + event.text')).toBe(
      'expression errored: text is too long',
    );
    expect(ending('event.l.map(x, event.text + event.text)')).toBe(exhausted);
    expect(ending('event.l.map(x, "" + event.lists)')).toBe(exhausted);
    const doubled = Array.from({ length: 30 }, () => '.map(x, x + x)').join('');
    // What cannot be made is not added to the list (§24.3).
    expect(ending(`["0123456789"]${doubled} == []`)).toBe('no error');
    expect(ending(`[b"0123456789"]${doubled} == []`)).toBe('no error');
  });

  test('makes so long a list', () => {
    const doubled = Array.from({ length: 30 }, () => '.map(x, x + x)').join('');
    expect(ending(`[[1]]${doubled}`)).toBe(exhausted);
  });

  test('looks at so much text', () => {
    for (const condition of [
      'event.text == event.twin && false',
      'event.text < event.copy && false',
      'size(event.text) == 0',
      'event.text.contains("y")',
      'lowercase(event.text) == "y"',
      'bytes(event.text) == b"y"',
      'b64decode(event.text) == "y"',
      'json_parse(event.text) == 1',
      'size(event.map) == 0',
      'event.text in [event.twin] && false',
    ]) {
      expect(ending(`event.l.exists(a, event.l.exists(b, ${condition}))`)).toBe(exhausted);
    }
  });

  test('reads no number from a long text', () => {
    expect(ending('double(event.digits)')).toContain('double() cannot convert');
    expect(ending('int(event.digits)')).toContain('int() cannot convert');
  });

  test('asks the clocks of other places so often', () => {
    expect(
      ending('event.l.exists(a, event.l.exists(b, now().getHours("Europe/Paris") > 24))'),
    ).toBe(exhausted);
    expect(ending('event.l.exists(a, event.l.exists(b, now().getHours("Z" + b) > 24))')).toBe(
      exhausted,
    );
  });

  test('reads so many dates', () => {
    expect(ending('event.l.exists(a, event.l.exists(b, date("x" + b) > now()))')).toBe(exhausted);
  });

  test('matches in time linear in the text, with patterns of a limited size', () => {
    expect(ending('event.line.matches("(x+x+)+y")')).toBe('no error');
    expect(ending('event.l.exists(a, event.line.matches("(x+x+)+y"))')).toBe(exhausted);
    expect(ending('event.l.exists(a, event.l.exists(b, "x".matches("(y{100}){9}" + b)))')).toBe(
      exhausted,
    );
    expect(ending(`"x".matches("${'a'.repeat(1_001)}")`)).toContain('more than 1000 characters');
    expect(ending('"x".matches("((a{1000}){1000}){1000}")')).toContain('too large');
    expect(ending('"x".matches("((a?){1000}){1000}")')).toContain('too large');
    expect(ending(`"x".matches("${'('.repeat(300)}a${')'.repeat(300)}")`)).toContain('too deeply');
  });
});

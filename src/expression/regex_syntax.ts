/**
 * RE2's syntax of regular expressions. Look-around and back-references do not exist in it, which is what
 * makes matching in linear time possible.
 */

import {
  anyOf,
  type CharTest,
  charRange,
  ignoringCase,
  not,
  perlClass,
  posixClass,
  unicodeClass,
} from './regex_class.ts';

export type Assertion = 'textStart' | 'textEnd' | 'lineStart' | 'lineEnd' | 'word' | 'notWord';

export type Pattern =
  | { readonly kind: 'char'; readonly test: CharTest }
  | { readonly kind: 'assert'; readonly assertion: Assertion }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly Pattern[] }
  /** `max` is null when there is no upper bound. */
  | {
      readonly kind: 'repeat';
      readonly part: Pattern;
      readonly min: number;
      readonly max: number | null;
    };

export class RegexProblem extends Error {}

interface Flags {
  readonly ignoreCase: boolean;
  readonly multiline: boolean;
  readonly dotAll: boolean;
}

/** RE2 refuses larger counts. */
const repeatMax = 1_000;
const groupDepthMax = 100;

const newline = 0x0a;

const escapes: ReadonlyMap<string, number> = new Map([
  ['a', 0x07],
  ['f', 0x0c],
  ['t', 0x09],
  ['n', newline],
  ['r', 0x0d],
  ['v', 0x0b],
]);

const assertions: ReadonlyMap<string, Assertion> = new Map([
  ['A', 'textStart'],
  ['z', 'textEnd'],
  ['b', 'word'],
  ['B', 'notWord'],
]);

/** Throws `RegexProblem` when the text is not a pattern. */
export function parseRegex(text: string): Pattern {
  return new RegexParser(text).parse();
}

class RegexParser {
  private at = 0;
  private depth = 0;
  private flags: Flags = { ignoreCase: false, multiline: false, dotAll: false };

  constructor(private readonly text: string) {}

  parse(): Pattern {
    const pattern = this.choice();
    if (this.at < this.text.length) throw new RegexProblem('unexpected )');
    return pattern;
  }

  private choice(): Pattern {
    this.depth++;
    if (this.depth > groupDepthMax) throw new RegexProblem('groups are nested too deeply');
    const outer = this.flags;
    const parts = [this.sequence()];
    while (this.take('|')) parts.push(this.sequence());
    this.flags = outer;
    this.depth--;
    return { kind: 'choice', parts };
  }

  private sequence(): Pattern {
    const parts: Pattern[] = [];
    while (this.at < this.text.length && this.peek() !== '|' && this.peek() !== ')') {
      parts.push(this.repeated(this.atom()));
    }
    return { kind: 'sequence', parts };
  }

  private repeated(part: Pattern): Pattern {
    const count = this.count();
    if (count === null) return part;
    this.take('?'); // laziness picks which match, not whether there is one
    if (this.count() !== null) throw new RegexProblem('invalid nested repetition operator');
    return { kind: 'repeat', part, ...count };
  }

  private count(): { min: number; max: number | null } | null {
    if (this.take('*')) return { min: 0, max: null };
    if (this.take('+')) return { min: 1, max: null };
    if (this.take('?')) return { min: 0, max: 1 };
    const braces = this.takePattern(/\{(\d{1,5})(?:(,)(\d{1,5})?)?\}/y);
    if (braces === null) return null;
    const min = Number(braces[1]);
    const upper = braces[3] === undefined ? null : Number(braces[3]);
    const max = braces[2] === undefined ? min : upper;
    if (Math.max(min, max ?? 0) > repeatMax || (max !== null && max < min)) {
      throw new RegexProblem(`invalid repeat count ${braces[0]}`);
    }
    return { min, max };
  }

  private atom(): Pattern {
    const char = this.next();
    switch (char) {
      case '(':
        return this.group();
      case '[':
        return this.charOf(this.set());
      case '.': {
        const { dotAll } = this.flags;
        return { kind: 'char', test: (c) => dotAll || c !== newline };
      }
      case '^':
        return { kind: 'assert', assertion: this.flags.multiline ? 'lineStart' : 'textStart' };
      case '$':
        return { kind: 'assert', assertion: this.flags.multiline ? 'lineEnd' : 'textEnd' };
      case '*':
      case '+':
      case '?':
        throw new RegexProblem(`missing argument to repetition operator ${char}`);
      case '\\': {
        const assertion = assertions.get(this.peek());
        if (assertion === undefined) return this.charOf(this.escape());
        this.at++;
        return { kind: 'assert', assertion };
      }
      default:
        return this.charOf(exactly(char));
    }
  }

  private charOf(test: CharTest): Pattern {
    return { kind: 'char', test: this.flags.ignoreCase ? ignoringCase(test) : test };
  }

  private group(): Pattern {
    const outer = this.flags;
    if (this.peek() === '?' && this.takePattern(/\?P?<[A-Za-z_]\w*>/y) === null) {
      const options = this.takePattern(/\?([imsU]*)(?:-([imsU]+))?([:)])/y);
      if (options === null) throw new RegexProblem('invalid or unsupported group (?');
      this.flags = withFlags(outer, options[1] ?? '', options[2] ?? '');
      // `(?i)` holds to the end of the group it stands in, so the flags stay changed.
      if (options[3] === ')') return { kind: 'sequence', parts: [] };
    }
    const pattern = this.choice();
    if (!this.take(')')) throw new RegexProblem('missing closing )');
    this.flags = outer;
    return pattern;
  }

  /** What follows a backslash, as a test of one character. */
  private escape(): CharTest {
    const hex = this.takePattern(/x(?:\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{2}))/y);
    if (hex !== null) return exactCode(Number.parseInt(hex[1] ?? hex[2] ?? '', 16));
    const property = this.takePattern(/([pP])(?:\{(\^?)(\w+)\}|([A-Z]))/y);
    if (property !== null) {
      const test = unicodeClass(property[3] ?? property[4] ?? '');
      if (test === null) throw new RegexProblem(`invalid character class \\${property[0]}`);
      return (property[1] === 'P') === (property[2] === '^') ? test : not(test);
    }
    const octal = this.takePattern(/0[0-7]{0,2}|[1-7][0-7]{1,2}/y);
    if (octal !== null) return exactCode(Number.parseInt(octal[0], 8));
    const char = this.next();
    const special = escapes.get(char);
    if (special !== undefined) return exactCode(special);
    const perl = perlClass(char);
    if (perl !== null) return perl;
    if (char === '' || /[A-Za-z0-9]/.test(char)) throw new RegexProblem(`invalid escape \\${char}`);
    return exactly(char);
  }

  /** A set in brackets, after the opening one. */
  private set(): CharTest {
    const negated = this.take('^');
    const tests: CharTest[] = [];
    let first = true;
    while (first || this.peek() !== ']') {
      if (this.at >= this.text.length) throw new RegexProblem('missing closing ]');
      tests.push(this.setItem());
      first = false;
    }
    this.at++;
    return negated ? not(anyOf(tests)) : anyOf(tests);
  }

  private setItem(): CharTest {
    const named = this.takePattern(/\[:(\^?\w+):\]/y);
    if (named !== null) {
      const test = posixClass(named[1] ?? '');
      if (test === null) throw new RegexProblem(`invalid character class ${named[0]}`);
      return test;
    }
    const low = this.setChar();
    if (typeof low !== 'number') return low;
    const isRange = this.peek() === '-' && this.text[this.at + 1] !== ']';
    if (!isRange) return exactCode(low);
    this.at++;
    const high = this.setChar();
    if (typeof high !== 'number' || high < low) throw new RegexProblem('invalid character range');
    return charRange(low, high);
  }

  /** One character of a set as its code point, or a class such as `\d`. */
  private setChar(): number | CharTest {
    if (!this.take('\\')) return this.next().codePointAt(0) ?? 0;
    const from = this.at;
    const test = this.escape();
    const isClass = /[dDwWsSpP]/.test(this.text[from] ?? '');
    return isClass ? test : codeOf(test);
  }

  private peek(): string {
    return this.text[this.at] ?? '';
  }

  private next(): string {
    const code = this.text.codePointAt(this.at);
    if (code === undefined) return '';
    const char = String.fromCodePoint(code);
    this.at += char.length;
    return char;
  }

  private take(char: string): boolean {
    if (this.peek() !== char) return false;
    this.at++;
    return true;
  }

  private takePattern(sticky: RegExp): RegExpExecArray | null {
    sticky.lastIndex = this.at;
    const match = sticky.exec(this.text);
    if (match !== null) this.at += match[0].length;
    return match;
  }
}

function withFlags(flags: Flags, on: string, off: string): Flags {
  const flag = (letter: string, now: boolean): boolean =>
    off.includes(letter) ? false : on.includes(letter) || now;
  return {
    ignoreCase: flag('i', flags.ignoreCase),
    multiline: flag('m', flags.multiline),
    dotAll: flag('s', flags.dotAll),
  };
}

/** Tests of one exact character remember which: sets need it for their ranges. */
const exactCodes = new WeakMap<CharTest, number>();

function exactCode(code: number): CharTest {
  const test: CharTest = (c) => c === code;
  exactCodes.set(test, code);
  return test;
}

function exactly(char: string): CharTest {
  return exactCode(char.codePointAt(0) ?? 0);
}

function codeOf(test: CharTest): number {
  const code = exactCodes.get(test);
  if (code === undefined) throw new RegexProblem('invalid character range');
  return code;
}

/**
 * Literals taken out of an expression's text, so that texts which differ only in them share one program
 * (execution.md §24.9). Works on tokens, without parsing: that is the work which is to be saved.
 */

import { textCharsMax } from './limits.ts';
import { type Literal, parse } from './syntax.ts';

export type LiftedLiteral = Extract<Literal, string | number | bigint>;

/** The values by the name under which the lifted text reads them from `literalsName`. */
export type Literals = Readonly<Record<string, LiftedLiteral>>;

export interface Lifted {
  /** The tokens in one spelling, without comments, with `vars.a`, `vars.b`, … for literals. */
  readonly text: string;
  readonly literals: Literals;
}

/** A text that has this name itself is left alone, so in a lifted text it always means a literal. */
export const literalsName = 'vars';

/** One for each literal; further ones stay in their place. */
const names = 'abcdefghijklmnopqrstuvwxyz';

const intMax = 2n ** 63n - 1n;

/** The tokens of CEL as the parser cuts them; where none fits, the text is left to the parser. */
const token = new RegExp(
  [
    String.raw`([ \t\r\n]+|//[^\n]*)`,
    `([rRbB]?(?:${quotedBy('"')}|${quotedBy("'")}))`,
    String.raw`(0[xX][0-9a-fA-F]*[uU]?|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?[uU]?)`,
    '([A-Za-z_][A-Za-z_0-9]*)',
    String.raw`(==|!=|<=|>=|&&|\|\||[-+*/%<>!()[\]{}.,:?])`,
  ].join('|'),
  'y',
);

/** Text between three quotes or between one and one. */
function quotedBy(quote: string): string {
  const three = String.raw`${quote}{3}(?:[^${quote}\\]|\\[\s\S]|${quote}(?!${quote}{2}))*${quote}{3}`;
  const one = String.raw`${quote}(?!${quote}{2})[^${quote}\\\r\n]*(?:\\[\s\S][^${quote}\\\r\n]*)*${quote}`;
  return `${three}|${one}`;
}

/** The last character of what can have fields and an index. */
const endsOperand = /[\w"')\]}]/;

/** Null when the text has to be compiled as it is. */
export function liftLiterals(text: string): Lifted | null {
  if (text.length > textCharsMax) return null;
  const lifting = new Lifting();
  token.lastIndex = 0;
  while (token.lastIndex < text.length) {
    const found = token.exec(text);
    if (found === null || !lifting.add(found)) return null;
  }
  return lifting.result();
}

class Lifting {
  private text = '';
  private last = '';
  private lastButOne = '';
  private readonly literals: Record<string, LiftedLiteral> = {};
  private count = 0;
  /** For each bracket that is open, whether it is an index. */
  private readonly brackets: boolean[] = [];
  private indexes = 0;
  private wasLifted = false;

  /** False when the text cannot be lifted. */
  add([written, space, quoted, number, name]: RegExpExecArray): boolean {
    if (space !== undefined) return true;
    if (name === literalsName) return false;
    // Not a call: a literal cannot be called, but a field could.
    if (this.wasLifted && (written === '(' || written === '{')) return false;
    this.wasLifted = false;
    if (quoted === undefined && number === undefined) {
      // In front of a name, spaces around a dot mean something.
      if (written === '.' && !this.isAfterOperand) return false;
      if (written === '[') this.open();
      if (written === ']') this.close();
      this.push(written);
      return true;
    }
    return this.addLiteral(written, quoted !== undefined);
  }

  result(): Lifted {
    return { text: this.text, literals: this.literals };
  }

  /** Fields stay next to what they are of, as people write them; the rest is set apart. */
  private push(written: string): void {
    const isTight = this.text === '' || written === '.' || this.last === '.';
    this.text += isTight ? written : ` ${written}`;
    this.lastButOne = this.last;
    this.last = written;
  }

  private addLiteral(written: string, isQuoted: boolean): boolean {
    // A literal is no field; the name in its place would be one.
    if (this.last === '.' || (this.last === '?' && this.lastButOne === '.')) return false;
    const name = names[this.count];
    const stays = this.indexes > 0 || name === undefined || isLeft(written);
    if (stays) {
      this.push(written);
      return true;
    }
    const value = isQuoted ? textOf(written) : numberOf(written);
    if (value === null) return false;
    this.literals[name] = value;
    this.count += 1;
    this.wasLifted = true;
    this.push(`${literalsName}.${name}`);
    return true;
  }

  private get isAfterOperand(): boolean {
    return this.last !== 'in' && endsOperand.test(this.last.slice(-1));
  }

  /** After an operand a bracket opens an index; after anything else, a list. */
  private open(): void {
    const isIndex = this.isAfterOperand;
    this.brackets.push(isIndex);
    if (isIndex) this.indexes += 1;
  }

  private close(): void {
    if (this.brackets.pop() === true) this.indexes -= 1;
  }
}

/** Hexadecimal and unsigned numbers and bytes keep their place (§24.9). */
function isLeft(written: string): boolean {
  return /^(?:0[xX]|[bB])|^\d.*[uU]$/.test(written);
}

/** Null when the parser has something to say about it. */
function textOf(written: string): string | null {
  const isPlain = !/^[rR]|^(["'])\1\1|\\/.test(written);
  if (isPlain) return written.slice(1, -1);
  const parsed = parse(written);
  const value = parsed.ok && parsed.tree.kind === 'literal' ? parsed.tree.value : null;
  return typeof value === 'string' ? value : null;
}

/** Null when it is out of range, or the least integer without its sign. */
function numberOf(written: string): number | bigint | null {
  if (/[.eE]/.test(written)) {
    const value = Number(written);
    return Number.isFinite(value) ? value : null;
  }
  const value = BigInt(written);
  return value > intMax ? null : value;
}

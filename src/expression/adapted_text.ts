/**
 * Text as cel-js can read it. What it refuses or misreads of CEL is replaced by something else of the same length, so
 * that every offset stays true, and what it stood for is kept by its offset: raw bytes (`br'\d'`), bytes with characters
 * beyond ASCII, numbers without a digit before the point (`.5`), quoted fields (`` m.`a-b` ``), names with a dot in front
 * (`.event`) and form feeds.
 */

import { bytesOfLiteral } from './bytes_literal.ts';
import { SyntaxProblem } from './syntax_problem.ts';

export interface AdaptedText {
  readonly text: string;
  /** The values of literals, by the offset of their first character. */
  readonly literals: ReadonlyMap<number, number | Uint8Array>;
  /** The names of quoted fields. */
  readonly fields: ReadonlyMap<number, string>;
  /** Where names begin that had a dot in front. */
  readonly rooted: ReadonlySet<number>;
}

/** Text that has none of it, which is nearly every text, is not looked at twice. */
const suspicious = /[`\f]|[bB][rR]?["']|(?:^|[^\w)\]}"'\s])\s*\.|\s\./;

/** The next piece of text that is more than one character for a reader of CEL. */
const piece = new RegExp(
  [
    /(?<comment>\/\/[^\n]*)/,
    /(?<prefix>[bB]?[rR]?)(?<quote>"""|'''|"|')/,
    /`(?<field>[\w./ -]+)`/,
    /(?<number>(?:0[xX][0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)[uU]?)/,
    /(?<name>\w+)/,
    /(?<fraction>\.\d+(?:[eE][+-]?\d+)?)/,
    /(?<blank>\s+)/,
    /(?<other>[\s\S])/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'uy',
);

/** Throws `SyntaxProblem` for what nobody can read. */
export function adapt(text: string): AdaptedText {
  const literals = new Map<number, number | Uint8Array>();
  const fields = new Map<number, string>();
  const rooted = new Set<number>();
  if (!suspicious.test(text)) return { text, literals, fields, rooted };
  const reader = new Reader(text, literals, fields, rooted);
  return { text: reader.adapted(), literals, fields, rooted };
}

class Reader {
  private out = '';
  /** Whether what was read last can be followed by `.field`. */
  private isOperand = false;
  private isAfterDot = false;
  /** A dot that stands in front of a name has been read. */
  private hasLeadingDot = false;

  constructor(
    private readonly text: string,
    private readonly literals: Map<number, number | Uint8Array>,
    private readonly fields: Map<number, string>,
    private readonly rooted: Set<number>,
  ) {}

  adapted(): string {
    while (this.out.length < this.text.length) {
      piece.lastIndex = this.out.length;
      const groups = piece.exec(this.text)?.groups ?? {};
      const { comment, blank } = groups;
      if (comment !== undefined) this.out += comment;
      else if (blank !== undefined) this.out += blank.replaceAll('\f', ' ');
      else this.token(groups);
    }
    return this.out;
  }

  private token(groups: Readonly<Record<string, string | undefined>>): void {
    const { prefix = '', quote, field, number, name, fraction, other } = groups;
    if (quote !== undefined) this.quoted(prefix, quote);
    else if (field !== undefined) this.quotedField(field);
    else if (fraction !== undefined && !this.isOperand) {
      this.literals.set(this.out.length, Number(fraction));
      this.take('0'.repeat(fraction.length), true);
    } else if (fraction !== undefined) this.take('.', false);
    else if (name !== undefined) this.name(name);
    else if (number !== undefined) this.take(number, true);
    else this.other(other ?? '');
  }

  private take(text: string, isOperand: boolean): void {
    this.out += text;
    this.isAfterDot = text === '.';
    this.isOperand = isOperand;
    this.hasLeadingDot = false;
  }

  private name(name: string): void {
    if (this.hasLeadingDot) this.rooted.add(this.out.length);
    this.take(name, name !== 'in');
  }

  private other(char: string): void {
    if (char !== '.' || this.isOperand) {
      this.take(char, /[)\]}]/.test(char));
      return;
    }
    // Only a name may follow; before anything else the dot stays for the parser to refuse.
    const isBeforeName = /^[A-Za-z_]/.test(
      this.text.slice(this.out.length + 1, this.out.length + 64),
    );
    this.take(isBeforeName ? ' ' : '.', false);
    this.hasLeadingDot = isBeforeName;
  }

  /** A name of the same length that nobody else can have written here, since what it means is kept by its place. */
  private quotedField(field: string): void {
    const end = this.out.length + field.length + 2;
    if (!this.isAfterDot || /^\s*\(/.test(this.text.slice(end))) {
      throw new SyntaxProblem('only a field can be written in backticks', this.out.length);
    }
    this.fields.set(this.out.length, field);
    this.take(`_${'_'.repeat(field.length + 1)}`, true);
  }

  private quoted(prefix: string, quote: string): void {
    const start = this.out.length;
    const bodyStart = start + prefix.length + quote.length;
    const isRaw = /[rR]/.test(prefix);
    const end = endOfLiteral(this.text, bodyStart, quote);
    const whole = this.text.slice(start, end + quote.length);
    const body = this.text.slice(bodyStart, end);
    const isBytes = /[bB]/.test(prefix);
    const isClosed = whole.endsWith(quote) && end < this.text.length;
    if (!isBytes || !isClosed || !(isRaw || /[^\0-\x7f]/.test(body))) {
      this.take(whole, true);
      return;
    }
    this.literals.set(start, bytesOfLiteral(body, isRaw, bodyStart));
    this.take('0'.repeat(whole.length), true);
  }
}

/** Where the closing quote is, or the end of the text. A backslash protects what follows, in raw literals too. */
function endOfLiteral(text: string, from: number, quote: string): number {
  let at = from;
  while (at < text.length && !text.startsWith(quote, at)) at += text[at] === '\\' ? 2 : 1;
  return Math.min(at, text.length);
}

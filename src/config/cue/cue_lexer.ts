/**
 * The words of a CUE document (JSON is CUE too): where names, strings and brackets are, so that what stands in strings
 * and comments is never taken for code. Anything is read, also what is no CUE: the engines tell what is wrong.
 */

export interface Token {
  /** `mark` is one character of anything else (a bracket, a colon, an operator), `...`, or `#` in a row. */
  readonly kind: 'name' | 'string' | 'number' | 'mark';
  /** UTF-16 offsets. Of a string with `\( )` in it, to the end of the whole string. */
  readonly start: number;
  readonly end: number;
  /** How many brackets are open around it; an opening and its closing bracket have the depth of what is outside. */
  readonly depth: number;
  /** As it stands in the document; empty for a string that has `\( )` in it, whose parts follow as tokens. */
  readonly text: string;
  /** Whether a line ends between the token before it, or the document's start, and this one. */
  readonly startsLine: boolean;
}

type OpenToken = { -readonly [Key in keyof Token]: Token[Key] };

/** How a string ends and how `\(` is written in it. */
interface Quote {
  readonly mark: string;
  readonly hashes: string;
  readonly token: OpenToken;
}

const namePattern = /(?:_#|#)?[\p{L}_$][\p{L}\p{Nd}_$]*/uy;
const numberPattern = /\.?[0-9][0-9a-zA-Z_.]*/y;
const quotePattern = /(#*)("""|'''|"|')/y;
/** All at once: looking for the quote behind them at each would take the square of their number. */
const markPattern = /\.\.\.|#+/y;
const space = /\s/;

/** Of the text read last: each of many errors in a document asks for its words. */
let recent: { readonly text: string; readonly tokens: WeakRef<readonly Token[]> } | null = null;

export function readTokens(text: string): readonly Token[] {
  const known = recent?.text === text ? recent.tokens.deref() : undefined;
  if (known) return known;
  const reader = new Reader(text);
  while (reader.step());
  recent = { text, tokens: new WeakRef(reader.tokens) };
  return reader.tokens;
}

class Reader {
  readonly tokens: OpenToken[] = [];
  readonly #text: string;
  #offset = 0;
  #startsLine = true;
  /** The innermost last. A quote stands for the `\(` inside a string of its kind. */
  readonly #open: ('bracket' | Quote)[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  /** Reads the next word; false when there is none. */
  step(): boolean {
    this.#skipBlanks();
    const char = this.#text[this.#offset];
    if (char === undefined) return false;
    if (this.#word('name', namePattern) || this.#word('number', numberPattern)) return true;
    const quote = this.#match(quotePattern);
    if (quote) this.#openString(quote[0], quote[2] ?? '', quote[1] ?? '');
    else this.#mark(this.#match(markPattern)?.[0] ?? char);
    return true;
  }

  #skipBlanks(): void {
    for (;;) {
      const char = this.#text[this.#offset];
      if (char === undefined) return;
      if (char === '\n') this.#startsLine = true;
      if (char === '/' && this.#text[this.#offset + 1] === '/') {
        const end = this.#text.indexOf('\n', this.#offset);
        this.#offset = end < 0 ? this.#text.length : end;
      } else if (space.test(char)) this.#offset += 1;
      else return;
    }
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#offset;
    return pattern.exec(this.#text);
  }

  #word(kind: 'name' | 'number', pattern: RegExp): boolean {
    const found = this.#match(pattern);
    if (!found) return false;
    this.#add(kind, found[0]);
    return true;
  }

  #add(kind: Token['kind'], text: string): OpenToken {
    const start = this.#offset;
    const end = start + text.length;
    const depth = this.#open.length;
    const token = { kind, start, end, depth, text, startsLine: this.#startsLine };
    this.tokens.push(token);
    this.#startsLine = false;
    this.#offset = end;
    return token;
  }

  #mark(char: string): void {
    const isClosing = char === ')' || char === ']' || char === '}';
    const opened = isClosing ? this.#open.pop() : undefined;
    if (opened !== undefined && opened !== 'bracket') {
      if (char === ')') {
        this.#continueString(opened, this.#offset + 1);
        return;
      }
      // The string was never continued: leave it, so that what follows is read as code again.
    }
    this.#add('mark', char);
    if (char === '(' || char === '[' || char === '{') this.#open.push('bracket');
  }

  #openString(opening: string, mark: string, hashes: string): void {
    const token = this.#add('string', opening);
    this.#continueString({ mark, hashes, token }, this.#offset);
  }

  /** Reads on to the string's end, or to the next `\(`. */
  #continueString(quote: Quote, from: number): void {
    const { mark, hashes, token } = quote;
    const escaping = `\\${hashes}`;
    const closing = mark + hashes;
    const isInterpolated = token.text === '';
    let at = from;
    for (; at < this.#text.length; at += 1) {
      if (this.#text.startsWith(closing, at)) {
        at += closing.length;
        break;
      }
      if (this.#text.startsWith(escaping, at)) {
        at += escaping.length;
        if (this.#text[at] !== '(') continue;
        token.text = '';
        this.#offset = at + 1;
        this.#open.push(quote);
        return;
      }
      // Without three quotes a string ends with its line.
      if (this.#text[at] === '\n' && mark.length === 1) break;
    }
    token.end = at;
    if (!isInterpolated) token.text = this.#text.slice(token.start, at);
    this.#offset = at;
    this.#startsLine = false;
  }
}

/** What a string without `\( )` says; as it stands when its escapes are not those of JSON too. */
export function unquoted({ text }: Token): string {
  try {
    // Only a string of JSON starts with one quote and ends with one, so nothing but a string comes out.
    if (text.startsWith('"')) return String(JSON.parse(text));
  } catch {
    // Three quotes, or an escape that only CUE has.
  }
  return text.replace(/^#*("""|'''|"|')/, '').replace(/("""|'''|"|')#*$/, '');
}

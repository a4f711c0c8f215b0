/**
 * Finds where a document names variables of the environment. Knows as much of CUE (and JSON, which is a part of it) as
 * that takes: comments, strings of every kind with the code inside them, and names that contain a dollar.
 */

/** How a string is written: its quote, and the `#` around it, which its escapes repeat. */
export interface StringKind {
  readonly quote: '"' | "'";
  readonly hashes: string;
  /** What ends it. */
  readonly end: string;
}

/** `$NAME` or `${NAME}`. Offsets are UTF-16 units. */
export interface DollarPlace {
  readonly name: string;
  readonly start: number;
  readonly length: number;
  /** The string it stands in; null outside of strings. */
  readonly string: StringKind | null;
}

/** A string that has begun. */
interface OpenString extends StringKind {
  /** Whether it may go over several lines. */
  readonly isLong: boolean;
}

/** Code that has begun: the document, or `\( … )` in a string, which ends with the parenthesis that it began with. */
interface OpenCode {
  parentheses: number;
}

/** Strings inside code inside strings: deeper ones are left alone, and CUE says what it thinks of them. */
const depthMax = 1_000;

const variable = /\$(?:\{(_*[A-Z][A-Z0-9_]*)\}|(_*[A-Z][A-Z0-9_]*)(?![A-Za-z0-9_]))/y;
/** Names may contain dollars. */
const word = /[\p{L}\p{Nd}_#$]+/uy;
const stringStart = /(#*)("""|'''|"|')/y;
const comment = /\/\/[^\n]*/y;
const plainCode = /[^\p{L}\p{Nd}_#$"'/()]+/uy;
/** A variable has one dollar, and nothing but a name in capitals after it. */
const dollars = /\$+/y;
const plainText = /[^\\$"'\n]+/y;

/** In the order in which they stand in the document. */
export function* dollarPlaces(text: string): Generator<DollarPlace> {
  // Most documents name none.
  if (/\$[{_A-Z]/.test(text)) yield* new DollarScanner(text).places();
}

class DollarScanner {
  readonly #text: string;
  /** The innermost comes last. */
  readonly #open: (OpenString | OpenCode)[] = [{ parentheses: 0 }];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  *places(): Generator<DollarPlace> {
    while (this.#at < this.#text.length) {
      const start = this.#at;
      const inner = this.#open.at(-1);
      if (inner === undefined || this.#open.length > depthMax) return;
      const string = 'quote' in inner ? inner : null;
      const found = this.#take(variable);
      if (found !== null) {
        const name = found[1] ?? found[2] ?? '';
        yield { name, start, length: found[0].length, string };
      } else if ('quote' in inner) this.#passText(inner);
      else this.#passCode(inner);
    }
  }

  /** Passes what the pattern finds here. */
  #take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    this.#at += found?.[0].length ?? 0;
    return found;
  }

  /** Passes one token of code. */
  #passCode(code: OpenCode): void {
    if (this.#take(plainCode) ?? this.#take(comment)) return;
    const opened = this.#take(stringStart);
    if (opened !== null) {
      this.#open.push(stringOf(opened[1] ?? '', opened[2] ?? '"'));
      return;
    }
    if (this.#take(word)) return;
    const letter = this.#text[this.#at];
    this.#at += 1;
    if (letter === '(') code.parentheses += 1;
    if (letter !== ')') return;
    if (code.parentheses === 0 && this.#open.length > 1) this.#open.pop();
    else code.parentheses = Math.max(0, code.parentheses - 1);
  }

  /** Passes one piece of a string. */
  #passText(string: OpenString): void {
    if (this.#take(plainText) ?? this.#take(dollars)) return;
    const isLineEnd = this.#text[this.#at] === '\n';
    // Without its end a short string would take what follows for its own: CUE refuses it at this place.
    if (isLineEnd && !string.isLong) {
      this.#open.pop();
      return;
    }
    if (this.#text.startsWith(string.end, this.#at)) {
      this.#open.pop();
      this.#at += string.end.length;
      return;
    }
    const mark = `\\${string.hashes}`;
    const isEscape = this.#text.startsWith(mark, this.#at);
    this.#at += isEscape ? mark.length : 1;
    if (!isEscape) return;
    const letter = this.#text[this.#at];
    if (letter === '(') this.#open.push({ parentheses: 0 });
    // What is escaped does not end the string, nor does it begin a variable.
    if (letter !== '\n') this.#at += 1;
  }
}

function stringOf(hashes: string, quotes: string): OpenString {
  const quote = quotes.startsWith('"') ? '"' : "'";
  return { quote, hashes, end: quotes + hashes, isLong: quotes.length === 3 };
}

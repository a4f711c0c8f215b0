/**
 * Puts variables of the environment into a document: `$NAME` and `${NAME}`, names in capitals only. So `"$trigger"`, `$1`
 * and `$$` stay as they are, and a dollar that has to stand before such a name is written `\u0024`.
 */
import { positionAt } from './cue/text_places.ts';
import { type DollarPlace, dollarPlaces, type StringKind } from './dollar_scanner.ts';
import type { Insertion, Position } from './source.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface MissingVariable {
  readonly name: string;
  readonly position: Position;
  readonly message: string;
}

export type Expanded =
  | { readonly ok: true; readonly text: string; readonly insertions: readonly Insertion[] }
  | { readonly ok: false; readonly problems: readonly MissingVariable[] };

/** UTF-16 units. Short names can stand for long values, many times. */
export const expandedCharsMax = 4 * 1024 * 1024;
/** More of them are not listed. */
const problemsMax = 100;

/**
 * In a string the value is written as that kind of string needs it, so that quotes and line breaks in it cannot end
 * the string; elsewhere it stands as it is, as for `port: $PORT`. Comments are left alone. A variable that is set to
 * nothing is nothing; one that is not set is a problem.
 */
export function expandEnvironment(text: string, env: Environment): Expanded {
  const insertions: Insertion[] = [];
  const problems: MissingVariable[] = [];
  const parts: string[] = [];
  let [writtenEnd, textEnd] = [0, 0];
  for (const place of dollarPlaces(text)) {
    const { name, start } = place;
    const value = variableIn(name, env);
    if (value === undefined || textEnd + (start - writtenEnd) + value.length > expandedCharsMax) {
      problems.push(problemOf(place, text, value));
      if (value !== undefined || problems.length === problemsMax) break;
      continue;
    }
    for (const piece of piecesOf(place, value, text)) {
      parts.push(text.slice(writtenEnd, piece.start), piece.text);
      const textStart = textEnd + (piece.start - writtenEnd);
      const textLength = piece.text.length;
      const { start: writtenStart, length: writtenLength } = piece;
      insertions.push({ writtenStart, writtenLength, textStart, textLength });
      writtenEnd = writtenStart + writtenLength;
      textEnd = textStart + textLength;
    }
  }
  if (problems.length > 0) return { ok: false, problems };
  parts.push(text.slice(writtenEnd));
  return { ok: true, text: parts.join(''), insertions };
}

/** Only what was set: not what every object has by nature, such as `constructor`. */
function variableIn(name: string, env: Environment): string | undefined {
  return Object.hasOwn(env, name) ? env[name] : undefined;
}

function problemOf(
  { name, start }: DollarPlace,
  text: string,
  value: string | undefined,
): MissingVariable {
  const message =
    value === undefined
      ? `the environment variable ${name} is not set: set it, or write \\u0024${name} in a string to mean the text $${name}`
      : `with ${name} put in, the document has more than ${expandedCharsMax} characters`;
  return { name, position: positionAt(text, start), message };
}

/** What takes the place of a piece of the written document. */
interface Piece {
  readonly start: number;
  readonly length: number;
  readonly text: string;
}

/** A variable's value. Where that is nothing, also what would be joined with the text before it. */
function piecesOf({ start, length, string }: DollarPlace, value: string, written: string): Piece[] {
  const text = string === null ? value : escaped(value, string);
  const piece = { start, length, text };
  if (string === null || value !== '') return [piece];
  const nextAt = start + length;
  const next = written[nextAt];
  const isPartOfEnd = next === string.quote || (next === '#' && string.hashes !== '');
  if (!isPartOfEnd || written.startsWith(string.end, nextAt)) return [piece];
  const apart = next === '#' ? escapedHash(string) : `\\${string.hashes}${next}`;
  return [piece, { start: nextAt, length: 1, text: apart }];
}

const shortEscapes: ReadonlyMap<string, string> = new Map([
  ['\\', '\\'],
  ['\n', 'n'],
  ['\r', 'r'],
  ['\t', 't'],
]);

function escaped(value: string, kind: StringKind): string {
  const { quote, hashes } = kind;
  const mark = `\\${hashes}`;
  // CUE allows a byte order mark nowhere but at a document's start.
  const text = value.replace(/[\\"'\p{Cc}\u{2028}\u{2029}\u{feff}]/gu, (letter) => {
    if (letter === '"' || letter === "'") return letter === quote ? mark + letter : letter;
    const code = letter.codePointAt(0) ?? 0;
    return mark + (shortEscapes.get(letter) ?? `u${code.toString(16).padStart(4, '0')}`);
  });
  // After a quote it would end the string, after a backslash it would begin an escape or code.
  return hashes !== '' && text.startsWith('#') ? escapedHash(kind) + text.slice(1) : text;
}

function escapedHash({ hashes }: StringKind): string {
  return `\\${hashes}u0023`;
}

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
    const { name, start, length } = place;
    const value = variableIn(name, env);
    if (value === undefined || textEnd + (start - writtenEnd) + value.length > expandedCharsMax) {
      problems.push(problemOf(place, text, value));
      if (value !== undefined || problems.length === problemsMax) break;
      continue;
    }
    const inserted = place.string === null ? value : escaped(value, place.string);
    parts.push(text.slice(writtenEnd, start), inserted);
    const textStart = textEnd + (start - writtenEnd);
    const textLength = inserted.length;
    insertions.push({ writtenStart: start, writtenLength: length, textStart, textLength });
    writtenEnd = start + length;
    textEnd = textStart + textLength;
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

const shortEscapes: ReadonlyMap<string, string> = new Map([
  ['\\', '\\'],
  ['\n', 'n'],
  ['\r', 'r'],
  ['\t', 't'],
]);

function escaped(value: string, { quote, hashes }: StringKind): string {
  const mark = `\\${hashes}`;
  return value.replace(/[\\"'\p{Cc}\u{2028}\u{2029}]/gu, (letter) => {
    if (letter === '"' || letter === "'") return letter === quote ? mark + letter : letter;
    const code = letter.codePointAt(0) ?? 0;
    return mark + (shortEscapes.get(letter) ?? `u${code.toString(16).padStart(4, '0')}`);
  });
}

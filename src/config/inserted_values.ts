/**
 * Keeps values of the environment out of what is said about documents: what was put in may be a secret. Each is shown
 * by the name that it was written with, also where CUE or JSON escaped it, and where only its beginning was left.
 */
import { readTokens } from './cue/cue_lexer.ts';
import type { Insertion, Problem, Source } from './source.ts';

/** A shorter value is no secret, and would be found in words that have nothing to do with it. */
const secretCharsMin = 4;
/** In paths stand names, which shorter values are often like. */
const pathSecretCharsMin = 8;
/** What is left of a value that was cut. */
const remainderCharsMin = 8;
/** Nothing that is cut is longer. */
const remainderCharsMax = 1_000;

/** One way in which a value may be written. */
interface Form {
  readonly text: string;
  readonly name: string;
}

const known = new WeakMap<Source, readonly Form[]>();

/** The problems of documents with the names of variables where their values stood. */
export function withoutInsertedValues(
  problems: readonly Problem[],
  sources: readonly Source[],
): Problem[] {
  const byName = new Map(sources.map((source) => [source.name, source]));
  return problems.map((problem) => {
    const source = byName.get(problem.source);
    if (!source?.insertions?.length) return problem;
    const forms = formsOf(source).filter(({ text }) => text.length >= pathSecretCharsMin);
    const path = withNames(problem.path, forms);
    return { ...problem, path, message: withoutValues(problem.message, source) };
  });
}

/** To be asked before a text is cut, where that is possible. */
export function withoutValues(text: string, source: Source): string {
  if (!source.insertions?.length) return text;
  const forms = formsOf(source);
  return withoutRemainders(withNames(text, forms), forms);
}

/** What has become a name stays one: a value may be part of it. */
function withNames(text: string, forms: readonly Form[]): string {
  // Every second one is a name.
  let parts = [text];
  for (const form of forms) {
    if (form.text.length > text.length || !text.includes(form.text)) continue;
    parts = parts.flatMap((part, index) =>
      index % 2 === 1
        ? [part]
        : part.split(form.text).flatMap((rest, at) => (at === 0 ? [rest] : [form.name, rest])),
    );
  }
  return parts.join('');
}

/** Before `…`, and in lines of expressions, which are cut on both sides and have ` | ` before them. */
function withoutRemainders(text: string, forms: readonly Form[]): string {
  const pieces = text.split('…').map((piece, index, all) => {
    return index === all.length - 1 ? piece : withoutBeginning(piece, forms);
  });
  return pieces.join('…').replace(/^ \| (.*)$/gm, (_, line: string) => {
    const inside = line.length >= remainderCharsMin && forms.find((one) => one.text.includes(line));
    return ` | ${inside ? inside.name : withoutEnd(withoutBeginning(line, forms), forms)}`;
  });
}

/** Without the beginning of a value at the text's end. */
function withoutBeginning(text: string, forms: readonly Form[]): string {
  for (const form of forms) {
    for (let length = longest(text, form); length >= remainderCharsMin; length -= 1) {
      if (text.endsWith(form.text.slice(0, length))) return text.slice(0, -length) + form.name;
    }
  }
  return text;
}

/** Without the end of a value at the text's beginning. */
function withoutEnd(text: string, forms: readonly Form[]): string {
  for (const form of forms) {
    for (let length = longest(text, form); length >= remainderCharsMin; length -= 1) {
      if (text.startsWith(form.text.slice(-length))) return form.name + text.slice(length);
    }
  }
  return text;
}

function longest(text: string, form: Form): number {
  return Math.min(text.length, form.text.length, remainderCharsMax);
}

/** Longer ones first, as one may be part of another. */
function formsOf(source: Source): readonly Form[] {
  const found = known.get(source);
  if (found) return found;
  const names = new Map<string, string>();
  for (const insertion of distinct(source)) {
    const { writtenStart, writtenLength, textStart, textLength } = insertion;
    const value = source.text.slice(textStart, textStart + textLength);
    const name = (source.written ?? '').slice(writtenStart, writtenStart + writtenLength) || '$…';
    for (const text of spellings(value)) if (!names.has(text)) names.set(text, name);
    for (const word of wordsOf(source, insertion, value)) {
      // A short word is told from others by the quotes that CUE puts around it.
      if (word.length >= secretCharsMin) names.set(word, name);
      else names.set(JSON.stringify(word), JSON.stringify(name));
    }
  }
  const forms = [...names]
    .map(([text, name]): Form => ({ text, name }))
    .sort((a, b) => b.text.length - a.text.length);
  known.set(source, forms);
  return forms;
}

/** Each value once, however often it stands there. */
function distinct({ text, insertions = [] }: Source): Insertion[] {
  const byValue = new Map<string, Insertion>();
  for (const insertion of insertions) {
    const { textStart, textLength } = insertion;
    if (textLength < secretCharsMin) continue;
    const value = text.slice(textStart, textStart + textLength);
    if (!byValue.has(value)) byValue.set(value, insertion);
  }
  return [...byValue.values()];
}

/** As it was put in, without its escapes, as JSON and CUE quote both, and as the id that is proposed for it. */
function spellings(inserted: string): string[] {
  const plain = inserted.replace(/\\#*(?:u([0-9a-f]{4})|([\\"'nrt]))/g, (_, code, letter) =>
    code ? String.fromCharCode(Number.parseInt(code, 16)) : (controls.get(letter) ?? letter),
  );
  const quoted = [inserted, plain].map((text) => JSON.stringify(text).slice(1, -1));
  const bytes = plain.replace(/[\\']/g, '\\$&');
  const id = plain
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  // A short one is a word like any other.
  const ids = id.length >= pathSecretCharsMin ? [id] : [];
  const all = [inserted, plain, bytes, ...ids, ...quoted];
  return [...new Set(all)].filter((text) => text.length >= secretCharsMin);
}

const controls: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

/** What CUE reads in a value that stands outside of strings: of `x: $KEY` it says that there is no `sk`. */
function wordsOf(source: Source, { textStart, textLength }: Insertion, value: string): string[] {
  // With these it is a piece of a document, whose words are those of the schema.
  if (/[\s{}[\]",:]/.test(value)) return [];
  const end = textStart + textLength;
  return readTokens(source.text)
    .filter(({ start, kind }) => start >= textStart && start < end && kind !== 'mark')
    .map(({ start, end: tokenEnd }) => source.text.slice(start, Math.min(tokenEnd, end)));
}

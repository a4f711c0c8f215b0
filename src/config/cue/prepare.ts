/** Makes a document ready for the two engines of CUE, and tells what can be told from its words alone. */
import type { Position, Source } from '../source.ts';
import { bareRoot } from './bare_object.ts';
import { readTokens, type Token } from './cue_lexer.ts';
import { type ImportDeclaration, readPreamble } from './document_imports.ts';
import { rootRules, schemaFields, schemaNames } from './embedded_schema.ts';
import type { PreparedDocument } from './prepared_document.ts';
import { configSchema, functionSchema } from './schema.ts';
import { givenNames, importProblem, type SchemaAlias, schemaAliases } from './schema_imports.ts';
import { offsetAtBytes, positionAt, withoutMark } from './text_places.ts';

/** Why a document is refused that cue-wasm would accept, or would refuse with words of its own. */
export interface Refusal {
  readonly message: string;
  /** In `source.text`. */
  readonly position: Position;
}

export interface Preparation {
  readonly document: PreparedDocument;
  /** Null: the document is to be evaluated. */
  readonly refusal: Refusal | null;
}

const userFile = 'document.cue';
const overlayFile = 'overlay.cue';

export function prepareDocument(source: Source): Preparation {
  const text = withoutMark(source.text);
  const markLength = source.text.length - text.length;
  const tokens = readTokens(text);
  const preamble = readPreamble(tokens);
  const aliases = schemaAliases(preamble);
  const given = aliases.length === 0 ? new Set<string>() : givenNames(tokens, preamble);
  const prefix = unusedPrefix(tokens);
  const names = schemaNames(`_${prefix}`);
  const root = bareRoot(tokens);
  const insertAt = tokens[0]?.start ?? 0;
  // On the object's own line, so that lines stay. The schema is held against the field like against any other.
  const inserted = root === null ? '' : `${root}: `;
  const wrap = (from: string): string => from.slice(0, insertAt) + inserted + from.slice(insertAt);
  const userText = wrap(text);
  const document: PreparedDocument = {
    source,
    userFile,
    cliFiles: new Map([
      [userFile, userText],
      [overlayFile, overlay(preamble.packageName, prefix)],
    ]),
    wasmText: [
      wrap(withoutImports(text, preamble.imports, aliases)),
      ...aliases.map(({ name, path }) => `${declaration(name, given)} ${names[path]}`),
      schemaFields(names),
      rootRules(names),
    ].join('\n'),
    toSourcePosition(position) {
      const offset = offsetAtBytes(userText, position);
      if (offset === null) return null;
      const inText = offset <= insertAt ? offset : Math.max(insertAt, offset - inserted.length);
      return positionAt(source.text, inText + markLength);
    },
  };
  const problem = importProblem(tokens, preamble, aliases);
  if (!problem) return { document, refusal: null };
  const position = positionAt(source.text, problem.offset + markLength);
  return { document, refusal: { message: problem.message, position } };
}

/**
 * A name for the schema stands behind a `let`, which no pattern of the document applies to. Where the document gives
 * something inside it the same name, this CUE takes no `let`, but a field.
 */
function declaration(name: string, given: ReadonlySet<string>): string {
  const isPlain = !name.startsWith('_') && !name.startsWith('#');
  return isPlain && !given.has(name) ? `let ${name} =` : `${name}:`;
}

/** For names of our own, with `_` in front where they are to be hidden: different from every word of the document. */
function unusedPrefix(tokens: readonly Token[]): string {
  const taken = new Set(tokens.map(({ text }) => /^_?inngest(\d+)/.exec(text)?.[1]));
  let number = 0;
  while (taken.has(String(number))) number += 1;
  return `inngest${number}`;
}

/** Has the document's package clause, for only files of one package are taken together. */
function overlay(packageName: string | null, prefix: string): string {
  const names = schemaNames(prefix);
  return [
    ...(packageName === null ? [] : [`package ${packageName}`]),
    `import ${names[functionSchema]} "${functionSchema}"`,
    `import ${names[configSchema]} "${configSchema}"`,
    rootRules(names),
  ].join('\n');
}

/** Blanks in the place of what names the schema; every other character stays where it is. */
function withoutImports(
  text: string,
  imports: readonly ImportDeclaration[],
  aliases: readonly SchemaAlias[],
): string {
  const ours = new Set(aliases.map(({ spec }) => spec));
  const ranges = imports.flatMap((declaration): { start: number; end: number }[] => {
    const found = declaration.specs.filter((spec) => ours.has(spec));
    return found.length === declaration.specs.length ? [declaration] : found;
  });
  let result = '';
  let copied = 0;
  for (const { start, end } of ranges) {
    result += text.slice(copied, start) + text.slice(start, end).replace(/[^\n]/g, ' ');
    copied = end;
  }
  return result + text.slice(copied);
}

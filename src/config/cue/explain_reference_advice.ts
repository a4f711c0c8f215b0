/** What to do about a name that stands for nothing: import what it was to be, or put quotes around it. */
import type { Source } from '../source.ts';
import { readPreamble } from './document_imports.ts';
import { configSchema, functionSchema } from './schema.ts';
import { schemaAliases } from './schema_imports.ts';
import { definitionsOf } from './schema_tree.ts';
import { tokensOf } from './source_tokens.ts';

const notFound = /^reference "([^"]+)" not found$/;

/** Packages of CUE, by the name that they have in a document. */
const packages: ReadonlyMap<string, string> = new Map([
  ['strings', 'strings'],
  ['list', 'list'],
  ['math', 'math'],
  ['regexp', 'regexp'],
  ['strconv', 'strconv'],
  ['time', 'time'],
  ['struct', 'struct'],
  ['json', 'encoding/json'],
  ['yaml', 'encoding/yaml'],
]);

export function referenceAdvice(source: Source, message: string): string | null {
  const [, name] = notFound.exec(message) ?? [];
  if (name === undefined) return null;
  const tokens = tokensOf(source);
  const at = tokens.findIndex(
    (token, index) =>
      token.text === name && tokens[index + 1]?.text === '.' && tokens[index - 1]?.text !== '.',
  );
  if (at < 0) return `text needs quotes: "${name}"`;
  const wanted = tokens[at + 2]?.text ?? '';
  if (!wanted.startsWith('#')) {
    const path = packages.get(name);
    return path === undefined ? null : `put this line at the top: import "${path}"`;
  }
  const schema = definitionsOf(configSchema).has(wanted) ? configSchema : functionSchema;
  const known = schemaAliases(readPreamble(tokens)).find(({ path }) => path === schema);
  if (known) return `it is imported as ${known.name}: write ${known.name}.${wanted}`;
  return `put this line at the top, below the package clause if there is one: import ${name} "${schema}"`;
}

/** The schema as fields that can stand behind any document, for the engine that knows no packages but CUE's own. */
import { readTokens } from './cue_lexer.ts';
import { isReference } from './document_fields.ts';
import { readPreamble } from './document_imports.ts';
import { configSchema, functionSchema, type SchemaImport, schemaTexts } from './schema.ts';

const builtInTypes = new Set(['bool', 'string', 'bytes', 'int', 'uint', 'float', 'number']);

/** Each has one, which no field of a document can hide; it may stand in brackets only. */
const secondName = (type: string): string => `(__${type})`;

/** Stands for the names that a document has no use for, whatever they are in the end. */
const placeholder = '\0';

/**
 * A package's declarations, in which the document's own fields cannot stand in for CUE's types; nor have the labels of
 * its patterns names that a field of the document may have, which this CUE would not take.
 */
function declarations(path: SchemaImport): string {
  const text = schemaTexts.get(path) ?? '';
  const tokens = readTokens(text);
  const { length } = readPreamble(tokens);
  const labels = new Set(
    tokens.flatMap(({ text: name }, index) => (tokens[index + 1]?.text === '=' ? [name] : [])),
  );
  let copied = tokens[length]?.start ?? 0;
  let result = '';
  for (const [index, token] of tokens.entries()) {
    if (index < length || !isReference(tokens, index)) continue;
    const isLabel = labels.has(token.text);
    if (!isLabel && !builtInTypes.has(token.text)) continue;
    const name = isLabel ? `${placeholder}_${token.text}` : secondName(token.text);
    result += `${text.slice(copied, token.start)}${name}`;
    copied = token.end;
  }
  return result + text.slice(copied);
}

let embedded: readonly (readonly [SchemaImport, string])[] | undefined;

/** Made when a document is there, once. */
function embeddedSchema(): readonly (readonly [SchemaImport, string])[] {
  embedded ??= [...schemaTexts.keys()].map((path) => [path, declarations(path)] as const);
  return embedded;
}

/** Names that the document has no use for itself: of the packages, and what those of labels start with. */
export type SchemaNames = Readonly<Record<SchemaImport, string>> & { readonly prefix: string };

export function schemaNames(prefix: string): SchemaNames {
  return {
    'inngest.com/defs/v1': `${prefix}_v1`,
    'inngest.com/defs/config': `${prefix}_config`,
    prefix,
  };
}

export function schemaFields(names: SchemaNames): string {
  return embeddedSchema()
    .map(([path, text]) => `${names[path]}: {\n${text.replaceAll(placeholder, names.prefix)}\n}\n`)
    .join('');
}

/** Holds the roots that a document has to the schema, whether it says so itself or not. */
export function rootRules(names: SchemaNames): string {
  const { [functionSchema]: functions, [configSchema]: config, prefix } = names;
  const label = `${prefix}_ID`;
  const text = secondName('string');
  return [
    `function?: ${functions}.#Function`,
    `functions?: [${label}=${text}]: ${functions}.#Function & {id: ${label}, name: ${text} | *${label}}`,
    `config?: ${config}.#Config`,
    '',
  ].join('\n');
}

/** The schema as fields that can stand behind any document, for the engine that knows no packages but CUE's own. */
import { readTokens } from './cue_lexer.ts';
import { isReference } from './document_fields.ts';
import { readPreamble } from './document_imports.ts';
import { configSchema, functionSchema, type SchemaImport, schemaTexts } from './schema.ts';

const builtInTypes = new Set(['bool', 'string', 'bytes', 'int', 'uint', 'float', 'number']);

/** Each has one, which no field of a document can hide; it may stand in brackets only. */
const secondName = (type: string): string => `(__${type})`;

/** A package's declarations, in which the document's own fields cannot stand in for CUE's types. */
function declarations(path: SchemaImport): string {
  const text = schemaTexts.get(path) ?? '';
  const tokens = readTokens(text);
  const { length } = readPreamble(tokens);
  let copied = tokens[length]?.start ?? 0;
  let result = '';
  for (const [index, token] of tokens.entries()) {
    if (index < length || !builtInTypes.has(token.text) || !isReference(tokens, index)) continue;
    result += `${text.slice(copied, token.start)}${secondName(token.text)}`;
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

/** Names for the packages that the document has no use for itself. */
export type SchemaNames = Readonly<Record<SchemaImport, string>>;

export function schemaNames(prefix: string): SchemaNames {
  return {
    'inngest.com/defs/v1': `${prefix}_v1`,
    'inngest.com/defs/config': `${prefix}_config`,
  };
}

export function schemaFields(names: SchemaNames): string {
  return embeddedSchema()
    .map(([path, text]) => `${names[path]}: {\n${text}\n}\n`)
    .join('');
}

/** Holds the roots that a document has to the schema, whether it says so itself or not. */
export function rootRules(names: SchemaNames): string {
  const { [functionSchema]: functions, [configSchema]: config } = names;
  const text = secondName('string');
  return [
    `function?: ${functions}.#Function`,
    `functions?: [ID=${text}]: ${functions}.#Function & {id: ID, name: ${text} | *ID}`,
    `config?: ${config}.#Config`,
    '',
  ].join('\n');
}

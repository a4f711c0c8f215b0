/** The names under which a document knows the schema, and what is wrong with what it imports. */
import { rootNames } from './bare_object.ts';
import { type Token, unquoted } from './cue_lexer.ts';
import { fieldNames, isReference } from './document_fields.ts';
import type { ImportSpec, Preamble } from './document_imports.ts';
import { packageName, type SchemaImport, schemaImport, schemaTexts } from './schema.ts';

export interface SchemaAlias {
  readonly name: string;
  readonly path: SchemaImport;
  readonly spec: ImportSpec;
}

export interface ImportProblem {
  readonly message: string;
  /** In the text that the tokens are of. */
  readonly offset: number;
}

export function schemaAliases({ imports }: Preamble): SchemaAlias[] {
  return imports
    .flatMap(({ specs }) => specs)
    .flatMap((spec) => {
      const path = schemaOf(spec.path);
      return path === null ? [] : [{ name: nameOf(spec), path, spec }];
    });
}

/** `inngest.com/defs/v1`, or with the package's name behind it: `inngest.com/defs/v1:v1`. */
function schemaOf(written: string): SchemaImport | null {
  const colon = written.lastIndexOf(':');
  const path = schemaImport(colon < 0 ? written : written.slice(0, colon));
  if (path === null || colon < 0) return path;
  return written.slice(colon + 1) === packageName(path) ? path : null;
}

/** The first one. CUE's command line says most of this too; cue-wasm does not, and never sees the schema's imports. */
export function importProblem(
  tokens: readonly Token[],
  preamble: Preamble,
  aliases: readonly SchemaAlias[],
): ImportProblem | null {
  const specs = preamble.imports.flatMap((declaration) => declaration.specs);
  const foreign = specs.find(({ path }) => isOnTheNet(path) && schemaOf(path) === null);
  if (foreign) return { message: foreignMessage(foreign.path), offset: foreign.start };
  const body = tokens.slice(preamble.length);
  const fields = new Set(fieldNames(body, 0).map(({ name }) => name));
  const variables = loopVariables(body);
  const referred = new Set(
    tokens.flatMap(({ text }, index) =>
      index >= preamble.length && isReference(tokens, index) ? [text] : [],
    ),
  );
  const unused = specs.find((spec) => !referred.has(nameOf(spec)));
  const seen = new Set<string>();
  for (const { name, path, spec } of aliases) {
    const offset = spec.start;
    if (seen.has(name)) {
      return { message: `two imports are called ${name}: ${advice(path)}`, offset };
    }
    if (rootNames.has(name) || fields.has(name)) {
      return { message: `the import ${name} has the name of a field: ${advice(path)}`, offset };
    }
    if (variables.has(name)) {
      return {
        message: `the import ${name} has the name of a loop's variable: ${advice(path)}`,
        offset,
      };
    }
    seen.add(name);
  }
  return unused ? { message: unusedMessage(unused), offset: unused.start } : null;
}

/** `for name in`, `for key, name in`. */
function loopVariables(tokens: readonly Token[]): Set<string> {
  return new Set(
    tokens.flatMap(({ text }, index) => {
      if (text !== 'for') return [];
      const [first, next, second] = tokens.slice(index + 1, index + 4);
      if (next?.text !== ',') return next?.text === 'in' && first ? [first.text] : [];
      return first && second ? [first.text, second.text] : [];
    }),
  );
}

/** Of fields, variables and aliases anywhere in the document. */
export function givenNames(tokens: readonly Token[], { length }: Preamble): Set<string> {
  return new Set(
    tokens.flatMap((token, index) => {
      if (index < length || token.kind === 'mark' || token.kind === 'number') return [];
      if (token.kind === 'string') return [unquoted(token)];
      const isBound = /^(?:=|in)$/.test(tokens[index + 1]?.text ?? '');
      return isBound || !isReference(tokens, index) ? [token.text] : [];
    }),
  );
}

/** By which a package is known in the document: the last part of its path, unless something else is said. */
function nameOf({ alias, path }: ImportSpec): string {
  return alias ?? path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf(':')) + 1);
}

function unusedMessage({ alias, path }: ImportSpec): string {
  return `imported and not used: "${path}"${alias === null ? '' : ` as ${alias}`}`;
}

/** CUE's own packages have no dot in the first part of their path. */
function isOnTheNet(path: string): boolean {
  return path.split('/', 1)[0]?.includes('.') === true;
}

function foreignMessage(path: string): string {
  const known = [...schemaTexts.keys()].map((name) => `"${name}"`).join(', ');
  return `cannot import "${path}": a document can import ${known} and the packages of CUE, such as "strings"`;
}

function advice(path: SchemaImport): string {
  return `give it another name, as in import defs "${path}"`;
}

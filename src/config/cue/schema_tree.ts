/**
 * Which fields the schema has at a path of a document, so that a mistyped one can be told what it was to be. Read from
 * the words of cue/defs, of which it understands what is written there: structs, references, lists, patterns.
 */
import type { ValuePath } from '../evaluator.ts';
import { readTokens, type Token } from './cue_lexer.ts';
import { readPreamble } from './document_imports.ts';
import { configSchema, functionSchema, type SchemaImport, schemaTexts } from './schema.ts';

/** What may stand at a place: the fields of a struct, or of one of several. */
export interface Shape {
  readonly fields: Map<string, Shape>;
  /** Of the values of a map, whatever their names. */
  pattern: Shape | null;
  /** Definitions that may stand here; a list is taken for its elements. */
  readonly references: string[];
  /** Definitions whose fields it has besides its own. */
  readonly embedded: string[];
  readonly isList: boolean;
}

type Definitions = ReadonlyMap<string, Shape>;

const parsed = new Map<SchemaImport, Definitions>();

/** By their names: `#Function`. */
export function definitionsOf(path: SchemaImport): Definitions {
  let found = parsed.get(path);
  if (found === undefined) {
    const tokens = readTokens(schemaTexts.get(path) ?? '');
    found = structShape(tokens.slice(readPreamble(tokens).length)).fields;
    parsed.set(path, found);
  }
  return found;
}

/** The forms that the value at a path may have; none where the schema says nothing about fields. */
export function formsAt(path: ValuePath): Shape[] {
  const [root, ...rest] = path;
  const schema = root === 'config' ? configSchema : functionSchema;
  const definitions = definitionsOf(schema);
  const start = definitions.get(root === 'config' ? '#Config' : '#Function');
  const isKnown = root === 'config' || root === 'function' || root === 'functions';
  if (!start || !isKnown || (root === 'functions' && rest.length === 0)) return [];
  const inner = root === 'functions' ? rest.slice(1) : rest;
  let forms = expanded(start, definitions);
  for (const part of inner) {
    if (typeof part === 'number') continue;
    forms = forms.flatMap((form) => {
      const next = form.fields.get(part) ?? form.pattern;
      return next ? expanded(next, definitions) : [];
    });
  }
  return forms;
}

/** Without references. */
function expanded(shape: Shape, definitions: Definitions): Shape[] {
  const referred = shape.references.flatMap((name) => {
    const definition = definitions.get(name);
    return definition ? expanded(definition, definitions) : [];
  });
  if (shape.fields.size === 0 && shape.pattern === null) return referred;
  const fields = new Map(shape.fields);
  for (const name of shape.embedded) {
    for (const [label, field] of definitions.get(name)?.fields ?? []) fields.set(label, field);
  }
  return [{ ...shape, fields }, ...referred];
}

const emptyShape = (isList = false): Shape => ({
  fields: new Map(),
  pattern: null,
  references: [],
  embedded: [],
  isList,
});

/** Of the tokens between two braces. Those on one line are defaults and constraints of what is known otherwise. */
function structShape(tokens: readonly Token[]): Shape {
  const shape = emptyShape();
  const depth = tokens[0]?.depth ?? 0;
  const starts = tokens.flatMap((token, index) => {
    const isClosing = token.text === '}' || token.text === ']' || token.text === ')';
    return token.depth === depth && token.startsLine && !isClosing ? [index] : [];
  });
  for (const [at, start] of starts.entries()) {
    const field = tokens.slice(start, starts[at + 1]);
    const [label] = field;
    const colon = field.findIndex((token) => token.depth === depth && token.text === ':');
    const value = field.slice(colon + 1);
    if (label === undefined) continue;
    if (label.text === '[') shape.pattern = valueShape(value);
    else if (colon > 0) shape.fields.set(label.text, valueShape(value));
    else if (label.text.startsWith('#')) shape.embedded.push(label.text);
  }
  return shape;
}

function valueShape(tokens: readonly Token[]): Shape {
  const shape = emptyShape(tokens[0]?.text === '[');
  const depth = tokens[0]?.depth ?? 0;
  const [first, next] = tokens;
  if (first?.kind === 'name' && next?.text === ':') {
    shape.fields.set(first.text, valueShape(tokens.slice(2)));
    return shape;
  }
  let open = -1;
  for (const [index, token] of tokens.entries()) {
    // The elements of a list stand one deeper; what is in braces is a struct of its own.
    const isNear = token.depth === depth || (token.depth === depth + 1 && open < 0);
    if (isNear && token.text.startsWith('#')) shape.references.push(token.text);
    if (token.depth !== depth) continue;
    if (token.text === '{') open = index;
    if (token.text === '}' && open >= 0) {
      const inner = structShape(tokens.slice(open + 1, index));
      for (const [name, field] of inner.fields) shape.fields.set(name, field);
      shape.pattern ??= inner.pattern;
      shape.embedded.push(...inner.embedded);
      open = -1;
    }
  }
  return shape;
}

/** Documents that are one object, as JSON files are: what the object describes, by the names of its fields. */
import type { Token } from './cue_lexer.ts';
import { soleObject } from './document_fields.ts';

/** The root field that the object is the value of. */
export type RootName = 'function' | 'config';

export const rootNames: ReadonlySet<string> = new Set(['function', 'functions', 'config']);

const functionNames = new Set(['id', 'triggers', 'steps']);
const configNames = new Set([
  'log',
  'eventAPI',
  'coreAPI',
  'execution',
  'eventstream',
  'queue',
  'state',
  'datastore',
]);

/** Null when the document is no bare object, names its roots itself, or describes neither. */
export function bareRoot(tokens: readonly Token[]): RootName | null {
  const names = (soleObject(tokens) ?? []).map(({ name }) => name);
  if (names.some((name) => rootNames.has(name))) return null;
  if (names.some((name) => functionNames.has(name))) return 'function';
  return names.some((name) => configNames.has(name)) ? 'config' : null;
}

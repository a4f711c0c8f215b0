/** The schema that documents import, as text inside the program. */
import configText from '../../../cue/defs/config/config.cue' with { type: 'text' };
import functionText from '../../../cue/defs/v1/function.cue' with { type: 'text' };

export type SchemaImport = 'inngest.com/defs/v1' | 'inngest.com/defs/config';

export const functionSchema: SchemaImport = 'inngest.com/defs/v1';
export const configSchema: SchemaImport = 'inngest.com/defs/config';

/** Text of each schema package, with its package clause. */
export const schemaTexts: ReadonlyMap<SchemaImport, string> = new Map([
  [functionSchema, functionText],
  [configSchema, configText],
]);

/** The name by which a package is known in a document that imports it without another one: the path's last part. */
export function packageName(path: SchemaImport): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Null for a package that is not ours. */
export function schemaImport(path: string): SchemaImport | null {
  return [...schemaTexts.keys()].find((known) => known === path) ?? null;
}

/** The module that documents are checked in: the schema packages, where `import "inngest.com/defs/v1"` finds them. */
import { schemaTexts } from './schema.ts';

export const moduleFolder = 'cue.mod';
const moduleFile = `${moduleFolder}/module.cue`;
// Imported by nobody: a document is a module of its own.
const moduleText = 'module: "document.local"\n';

/** `form`: what is made of each schema file; the file itself when left out. */
export function moduleFiles(form: (schema: string) => string = (schema) => schema) {
  const files = new Map([[moduleFile, moduleText]]);
  for (const [path, schema] of schemaTexts) {
    files.set(`${moduleFolder}/pkg/${path}/schema.cue`, form(schema));
  }
  return files;
}

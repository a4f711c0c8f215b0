/** Makes CUE's words fit for people: without names of the inside of our program, and of a length that can be read. */
import { withoutValues } from '../inserted_values.ts';
import type { PreparedDocument } from './prepared_document.ts';

/** Longer struct values are shown as `{…}`. */
const structCharsMax = 80;
const messageCharsMax = 1_000;

export function worded(document: PreparedDocument, message: string): string {
  // `〈1;name〉`: how many scopes further out a name stands.
  let text = withoutValues(message, document.source).replace(/〈[^;〉]*;([^〉]*)〉/g, '$1');
  text = withShortStructs(text);
  for (const file of document.cliFiles.keys()) {
    const shown = file === document.userFile ? document.source.name : 'the schema';
    for (const root of ['./', '/', '']) text = text.replaceAll(`${root}${file}`, () => shown);
  }
  text = text.replace(/(?:\.\/|\/)?cue\.mod\/\S+/g, 'the schema');
  return text.length > messageCharsMax ? `${text.slice(0, messageCharsMax)}…` : text;
}

function withShortStructs(text: string): string {
  let short = '';
  let depth = 0;
  let start = 0;
  for (let index = 0; index < text.length; index++) {
    const letter = text[index];
    if (letter === '{' && depth++ === 0) {
      short += text.slice(start, index);
      start = index;
    } else if (letter === '}' && depth > 0 && --depth === 0) {
      const struct = text.slice(start, index + 1);
      short += struct.length > structCharsMax ? '{…}' : struct;
      start = index + 1;
    }
  }
  return short + text.slice(start);
}

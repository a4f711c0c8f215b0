/** Fields at the root of a document that are nearly called like those that describe something, and describe nothing. */
import { nearestWord } from '../../lib/nearest_word.ts';
import type { Problem, Source } from '../source.ts';
import { writtenPosition } from '../written_position.ts';
import { rootNames } from './bare_object.ts';
import { readTokens } from './cue_lexer.ts';
import { fieldNames, soleObject } from './document_fields.ts';
import { readPreamble } from './document_imports.ts';
import { positionAt } from './text_places.ts';

const known = [...rootNames];
/** Of one document; each takes a look through its text. */
const problemsMax = 20;

/** A helper of the document may be called nearly so too: what is told is a doubt, unless nothing else is there. */
export function misspeltRoots(source: Source): Problem[] {
  const tokens = readTokens(source.text);
  const { length } = readPreamble(tokens);
  const fields = soleObject(tokens) ?? fieldNames(tokens.slice(length), 0);
  const names = new Set(fields.map(({ name }) => name));
  const misspelt = fields.flatMap((field) => {
    const meant = meantRoot(field.name);
    return meant === null ? [] : [{ ...field, meant }];
  });
  return misspelt.slice(0, problemsMax).map(({ name, token, meant }) => {
    const position = writtenPosition(source, positionAt(source.text, token.start));
    // Both stand there: the other one may well be a helper.
    const advice = names.has(meant) ? `, or _${name} if it is a helper of the document` : '';
    const message = `the field ${name} is ignored: did you mean ${meant}${advice}?`;
    return { source: source.name, path: name, position, message };
  });
}

function meantRoot(name: string): string | null {
  return rootNames.has(name) || isHidden(name) ? null : nearestWord(name, known);
}

function isHidden(name: string): boolean {
  return name.startsWith('_') || name.startsWith('#');
}

/** Of the places that CUE names for an error, those in the document, the most useful first. */
import type { Position } from '../source.ts';
import type { Place } from './explain_print.ts';
import type { PreparedDocument } from './prepared_document.ts';

/**
 * What is common to many errors and the fault of none: the reference to the schema, and the clause of a comprehension
 * that made the value.
 */
const commonPlace = /^(?:[\p{L}_$][\p{L}\p{N}_$]*\.#|for\b|if\b)/u;

/** Values of a document are nested and refer to each other: the last place is the value, those before lead to it. */
export function positionsOf(
  document: PreparedDocument,
  places: readonly Place[],
  which: 'telling ones' | 'with common places' = 'telling ones',
): Position[] {
  const found = places
    .filter(({ file }) => file === document.userFile)
    .flatMap((place) => {
      const position = document.toSourcePosition({ line: place.line, column: place.column });
      return position === null
        ? []
        : [{ position, isCommon: commonPlace.test(textAt(document, place)) }];
    })
    .reverse();
  if (which === 'with common places') return found.map(({ position }) => position);
  const own = found.filter(({ isCommon }) => !isCommon);
  return (own.length > 0 ? own : found).map(({ position }) => position);
}

/** The beginning of what stands there, enough to know what it is. */
function textAt(document: PreparedDocument, { line, column }: Place): string {
  const text = document.cliFiles.get(document.userFile)?.split('\n')[line - 1] ?? '';
  return Buffer.from(text)
    .subarray(column - 1, column - 1 + labelBytesMax)
    .toString();
}

/** An import is named with less. */
const labelBytesMax = 100;

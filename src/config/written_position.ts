/** From a place in a document's text to the same place as it was written, before the environment was put in. */
import { offsetAt, positionAt } from './cue/text_places.ts';
import type { Position, Source } from './source.ts';

/** A place inside a variable's value is told as the place where the variable is written. */
export function writtenPosition(source: Source, position: Position): Position {
  const { text, written, insertions } = source;
  if (written === undefined || !insertions || insertions.length === 0) return position;
  const offset = offsetAt(text, position);
  if (offset === null) return position;
  const before = insertions.findLast(({ textStart }) => textStart <= offset);
  if (!before) return positionAt(written, offset);
  const { writtenStart, writtenLength, textStart, textLength } = before;
  const isInside = offset < textStart + textLength;
  const behind = writtenStart + writtenLength + offset - (textStart + textLength);
  return positionAt(written, isInside ? writtenStart : behind);
}

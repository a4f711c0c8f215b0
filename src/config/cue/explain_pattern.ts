/**
 * Where a struct stands that a pattern applies to: of `functions: [ID=string]: {...}` and `functions: a: {...}` CUE names
 * the pattern, and people mean the other.
 */
import type { ValuePath } from '../evaluator.ts';
import type { Position } from '../source.ts';
import type { CliSession } from './cli_session.ts';
import { setValues } from './explain_overlay.ts';
import { isSamePath } from './explain_path.ts';
import { positionsOf } from './explain_place.ts';
import type { PreparedDocument } from './prepared_document.ts';

/** A name that no document has: what CUE tells of it comes from patterns. */
const stranger = 'nobody is called so';
/** Refuses every field, so that CUE names all places that give the struct one. */
const closed = 'close({})';

export interface Located {
  readonly path: ValuePath;
  readonly position: Position;
}

/** In the order given; a struct without patterns stays where it is. */
export async function besidePatterns(
  session: CliSession,
  document: PreparedDocument,
  structs: readonly Located[],
): Promise<Position[]> {
  const paths = structs.flatMap(({ path }) => [path, [...path.slice(0, -1), stranger]]);
  const { errorsOf } = await setValues(
    session,
    document,
    paths.map((path) => ({ path, value: closed })),
  );
  const placesAt = (index: number): Position[] => {
    const path = paths[index] ?? [];
    const errors = errorsOf(index).filter((error) => isSamePath(error.path, path));
    return errors.flatMap(({ places }) => positionsOf(document, places, 'with common places'));
  };
  return structs.map(({ position }, index) => {
    const fromPatterns = placesAt(2 * index + 1);
    if (fromPatterns.length === 0) return position;
    const own = placesAt(2 * index)
      .filter((place) => ![position, ...fromPatterns].some((other) => isSame(place, other)))
      .sort((a, b) => a.line - b.line || a.column - b.column);
    return own[0] ?? position;
  });
}

function isSame(a: Position, b: Position): boolean {
  return a.line === b.line && a.column === b.column;
}

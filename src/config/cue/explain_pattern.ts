/**
 * Where a struct stands that a pattern applies to: of `functions: [ID=string]: {...}` and `functions: a: {...}` CUE names
 * the pattern, and people mean the other.
 */
import type { ValuePath } from '../evaluator.ts';
import type { Position } from '../source.ts';
import type { CliSession } from './cli_session.ts';
import { contradiction, type Setting, setValues } from './explain_overlay.ts';
import { isSamePath } from './explain_path.ts';
import { positionsOf } from './explain_place.ts';
import type { PreparedDocument } from './prepared_document.ts';

/** A name that no document has: what CUE tells of it comes from patterns. */
export const stranger = 'nobody is called so';
const otherStranger = 'and nobody so';
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
  const parents = new Map(
    structs.map(({ path }) => [JSON.stringify(path.slice(0, -1)), path.slice(0, -1)]),
  );
  // Each once: CUE tells the same conflict once, and names one of the lines that it is in.
  const settings: Setting[] = [
    ...structs.map(({ path }) => ({ path, value: closed })),
    ...[...parents.values()].flatMap((path) => [
      { path: [...path, stranger], value: closed },
      { path: [...path, otherStranger], value: contradiction },
    ]),
  ];
  const { errorsOf } = await setValues(session, document, settings);
  const placesAt = (index: number): Position[] => {
    const path = settings[index]?.path ?? [];
    const errors = errorsOf(index).filter((error) => isSamePath(error.path, path));
    return errors.flatMap(({ places }) => positionsOf(document, places, 'with common places'));
  };
  const patterns = new Map(
    [...parents.keys()].map((parent, index) => {
      const at = structs.length + 2 * index;
      return [parent, [...placesAt(at), ...placesAt(at + 1)]];
    }),
  );
  return structs.map(({ path, position }, index) => {
    const fromPatterns = patterns.get(JSON.stringify(path.slice(0, -1))) ?? [];
    const isPattern = (place: Position) => fromPatterns.some((other) => isSamePlace(place, other));
    if (!isPattern(position)) return position;
    const own = placesAt(index)
      .filter((place) => !isPattern(place))
      .sort((a, b) => a.line - b.line || a.column - b.column);
    return own[0] ?? position;
  });
}

export function isSamePlace(a: Position, b: Position): boolean {
  return a.line === b.line && a.column === b.column;
}

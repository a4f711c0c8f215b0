/**
 * Finds where values stand in a document by contradicting them: each path is set to a value that agrees with nothing,
 * and CUE names the places of both. So it sees through comprehensions, references and interpolations.
 */
import type { ValuePath } from '../evaluator.ts';
import type { Position } from '../source.ts';
import type { CliSession } from './cli_session.ts';
import { unquoted } from './cue_lexer.ts';
import { contradiction, type OverlayAnswer, setValues } from './explain_overlay.ts';
import { startsWith } from './explain_path.ts';
import { besidePatterns, isSamePlace, type Located, stranger } from './explain_pattern.ts';
import { positionsOf } from './explain_place.ts';
import type { PreparedDocument } from './prepared_document.ts';
import { tokensOf } from './source_tokens.ts';
import { offsetAt, positionAt } from './text_places.ts';

const structContradicted = /\(mismatched types (?:bytes and struct|struct and bytes)\)$/;
const listLengths = /^incompatible list lengths \((\d+) and (\d+)\)$/;
/** Paths that one run looks for. */
const probesMax = 400;
/** A path that leads nowhere is shortened by one part each run. */
const runsMax = 60;
/** The overlay spells out the elements before. */
const indexMax = 1_000;

/** A path looked for and those that were asked for: longer ones led nowhere. */
interface Probe {
  readonly path: ValuePath;
  readonly asked: readonly number[];
}

interface Hit extends Probe, Located {
  readonly isStruct: boolean;
}

export async function locateIn(
  session: CliSession,
  document: PreparedDocument,
  paths: readonly ValuePath[],
): Promise<(Position | null)[]> {
  const probes = merged(paths.map((path, index) => ({ path, asked: [index] })));
  const found = await search(session, document, probes);
  const borrowed = await fromLabels(session, document, found);
  const owners = borrowed.map(({ path, asked }) => ({ path: path.slice(0, -1), asked }));
  const hits = [
    ...found.filter((hit) => !borrowed.includes(hit)),
    ...(await search(session, document, merged(owners))),
  ];
  return spread(document, paths, await refined(session, document, hits));
}

async function search(
  session: CliSession,
  document: PreparedDocument,
  probes: readonly Probe[],
): Promise<Hit[]> {
  const hits: Hit[] = [];
  let open = [...probes];
  for (let run = 0; run < runsMax && open.length > 0; run++) {
    // Those that lead to others wait: a contradicted struct hides what is in it.
    const ready = open.filter((probe) => !open.some((other) => leadsTo(probe, other)));
    const now = ready.slice(0, probesMax);
    const later = open.filter((probe) => !now.includes(probe));
    const settings = now.map(({ path }) => ({ path, value: contradiction }));
    const answer = await setValues(session, document, settings);
    const lost: Probe[] = [];
    now.forEach((probe, index) => {
      const hit = hitOf(document, probe, answer.errorsOf(index));
      if (hit === null) lost.push(probe);
      else hits.push(hit);
    });
    open = merged([...later, ...shortened(lost, answer.errors)]);
  }
  return hits;
}

/** Ids and names that a pattern made of the label: of `[ID=string]: {id: ID}` the label is what somebody wrote. */
async function fromLabels(
  session: CliSession,
  document: PreparedDocument,
  hits: readonly Hit[],
): Promise<Hit[]> {
  const named = hits.filter(({ path, isStruct }) => !isStruct && isNamedByLabel(path));
  if (named.length === 0) return [];
  const byPath = Map.groupBy(named, ({ path }) =>
    JSON.stringify([...path.slice(0, -2), stranger, ...path.slice(-1)]),
  );
  const settings = [...byPath.keys()].map((path) => ({
    // As it was made of a path just now.
    path: JSON.parse(path) as ValuePath,
    value: contradiction,
  }));
  const { errorsOf } = await setValues(session, document, settings);
  return [...byPath.values()].flatMap((group, index) => {
    const places = errorsOf(index).flatMap((error) => positionsOf(document, error.places));
    return group.filter(({ position }) => places.some((place) => isSamePlace(place, position)));
  });
}

/** `functions.a.id`, `function.steps.b.name`. */
function isNamedByLabel(path: ValuePath): boolean {
  const [last, owner] = [path.at(-1), path.at(-2)];
  return path.length > 2 && (last === 'id' || last === 'name') && typeof owner === 'string';
}

function hitOf(
  document: PreparedDocument,
  probe: Probe,
  errors: OverlayAnswer['errors'],
): Hit | null {
  for (const { message, places } of errors) {
    const [position] = positionsOf(document, places);
    if (position) return { ...probe, position, isStruct: structContradicted.test(message) };
  }
  return null;
}

async function refined(
  session: CliSession,
  document: PreparedDocument,
  hits: readonly Hit[],
): Promise<Hit[]> {
  const structs = hits.filter(({ path, isStruct }) => isStruct && path.length > 1);
  const moved: Hit[] = [];
  // Each depth by itself: what is asked of a struct hides those in it.
  for (const level of Map.groupBy(structs, ({ path }) => path.length).values()) {
    const positions = await besidePatterns(session, document, level);
    moved.push(
      ...level.map((hit, index) => ({ ...hit, position: positions[index] ?? hit.position })),
    );
  }
  return [...hits.filter((hit) => !structs.includes(hit)), ...moved];
}

function spread(
  document: PreparedDocument,
  paths: readonly ValuePath[],
  hits: readonly Hit[],
): (Position | null)[] {
  const found = new Array<Position | null>(paths.length).fill(null);
  for (const { path, asked, position } of hits) {
    for (const index of asked) {
      const wanted = paths[index] ?? [];
      const isOwner = isNamedByLabel(wanted) && wanted.length === path.length + 1;
      found[index] = isOwner ? labelPlace(document, position, String(path.at(-1))) : position;
    }
  }
  return found;
}

/** Of the label in front of a value; the place of the value where no such label is. */
function labelPlace({ source }: PreparedDocument, value: Position, name: string): Position {
  const offset = offsetAt(source.text, value);
  const all = tokensOf(source);
  const depth = all.find(({ start }) => start === offset)?.depth;
  // What stands in the `\( )` of a label stands deeper.
  const tokens = all.filter((token) => token.depth === depth);
  const at = tokens.findIndex(({ start }) => start === offset);
  const label = tokens[at - 2];
  if (!label || tokens[at - 1]?.text !== ':') return value;
  // Of a label with `\( )` in it no text is known.
  const isOwn = label.text === '' || unquoted(label) === name;
  return isOwn ? positionAt(source.text, label.start) : value;
}

/** Behind the end of a list there is nothing, and the attempt hides the list: the others in it have another turn. */
function shortened(lost: readonly Probe[], errors: OverlayAnswer['errors']): Probe[] {
  const lengths = errors.flatMap(({ path, message }) => {
    const [, one, two] = listLengths.exec(message) ?? [];
    return one === undefined ? [] : [{ path, length: Math.min(Number(one), Number(two)) }];
  });
  const results = lost.map(({ path, asked }) => {
    const list = lengths.find((known) => startsWith(path, known.path));
    const index = list && path[list.path.length];
    if (list === undefined || typeof index !== 'number') return { path: path.slice(0, -1), asked };
    return { path: index < list.length ? path : list.path, asked };
  });
  const isStuck = results.every(({ path }, index) => path.length === lost[index]?.path.length);
  return isStuck ? lost.map(({ path, asked }) => ({ path: path.slice(0, -1), asked })) : results;
}

/** Each path once; the empty one, the document as a whole, stands nowhere. */
function merged(probes: readonly Probe[]): Probe[] {
  const byPath = new Map<string, Probe>();
  for (const { path, asked } of probes) {
    const reachable = path.slice(0, reachableLength(path));
    if (reachable.length === 0) continue;
    const key = JSON.stringify(reachable);
    byPath.set(key, { path: reachable, asked: [...(byPath.get(key)?.asked ?? []), ...asked] });
  }
  return [...byPath.values()];
}

function reachableLength(path: ValuePath): number {
  const index = path.findIndex((part) => typeof part === 'number' && part > indexMax);
  return index < 0 ? path.length : index;
}

function leadsTo(probe: Probe, other: Probe): boolean {
  return probe.path.length < other.path.length && startsWith(other.path, probe.path);
}

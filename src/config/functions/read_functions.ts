/** From evaluated documents to functions that the server can register, or everything that keeps it from that. */
import { type DeclaredFunction, functionsMax } from '../../function/registration.ts';
import { quote } from '../../function/validation.ts';
import type { Finding } from '../evaluator.ts';
import type { Evaluated } from '../source.ts';
import { pathText } from '../value_path.ts';
import { FindingList, Place } from './finding_list.ts';
import { slugOfDeclared } from './function_declaration.ts';
import { readFunction } from './function_reader.ts';
import { isRecord } from './shape_problems.ts';

export interface FunctionsRead {
  /** In the order of the documents. To be used only when there are no findings. */
  readonly functions: readonly DeclaredFunction[];
  readonly findings: readonly Finding[];
  /** What is accepted and has no effect, or not the one that its author may expect. */
  readonly warnings: readonly Finding[];
}

interface Entry {
  readonly place: Place;
  readonly value: unknown;
}

/** The function that has a slug already. */
interface Twin {
  readonly place: Place;
  readonly id: string;
}

/**
 * Reads the root fields `function` and `functions` of each document; a document may have both, and `config` besides
 * (cue-config.md §3.6). Never throws for what a document says.
 */
export function readFunctions(evaluated: readonly Evaluated[]): FunctionsRead {
  const list = new FindingList();
  const entries = evaluated.flatMap((document) => entriesOf(document, list));
  const functions: DeclaredFunction[] = [];
  const twinOfSlug = new Map<string, Twin>();
  for (const [index, { place, value }] of entries.entries()) {
    if (index === functionsMax) {
      place.refuse(
        `documents declare at most ${functionsMax} functions; there are ${entries.length}`,
      );
      break;
    }
    const declared = readFunction(place, value);
    const isFirst = checkTwin(place, value, twinOfSlug);
    if (declared !== null && isFirst) functions.push(declared);
  }
  return { functions, findings: list.findings, warnings: list.warnings };
}

function entriesOf({ source, value }: Evaluated, list: FindingList): Entry[] {
  const root = new Place(list, source, []);
  if (!isRecord(value)) {
    root.refuse('a document is an object with the fields function, functions or config');
    return [];
  }
  const entries: Entry[] = [];
  if (isGiven(value, 'function')) {
    entries.push({ place: root.at('function'), value: value.function });
  }
  if (isGiven(value, 'functions')) {
    const { functions } = value;
    const at = root.at('functions');
    if (isRecord(functions)) {
      for (const [key, one] of Object.entries(functions)) {
        entries.push({ place: at.at(key), value: named(one, key) });
      }
    } else at.refuse('functions is an object: by the id of each function, what it is');
  }
  if (entries.length === 0 && !isGiven(value, 'functions') && !isGiven(value, 'config')) {
    root.warn('nothing is declared here: there is no field function, functions or config');
  }
  return entries;
}

function isGiven(value: Readonly<Record<string, unknown>>, field: string): boolean {
  return Object.hasOwn(value, field) && value[field] !== undefined;
}

/** Among `functions` the name of the field is the id, and the name, when there is no other. */
function named(value: unknown, key: string): unknown {
  if (!isRecord(value)) return value;
  return { id: key, name: key, ...value };
}

/** Whether no function before has the id; two ids may come to one slug. */
function checkTwin(place: Place, value: unknown, twinOfSlug: Map<string, Twin>): boolean {
  const id = isRecord(value) ? value.id : undefined;
  if (typeof id !== 'string' || id === '') return true;
  const slug = slugOfDeclared(id);
  const twin = twinOfSlug.get(slug);
  if (twin === undefined) {
    twinOfSlug.set(slug, { place, id });
    return true;
  }
  const first = `${twin.place.source.name} (${pathText(twin.place.path)})`;
  const second = `${place.source.name} (${pathText(place.path)})`;
  const message =
    twin.id === id
      ? `duplicate function id ${quote(id)}: declared in ${first} and again in ${second}`
      : `duplicate function id: ${quote(twin.id)} in ${first} and ${quote(id)} in ${second} both become ${slug}`;
  place.at('id').refuse(message);
  return false;
}

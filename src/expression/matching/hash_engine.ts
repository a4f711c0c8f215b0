/**
 * Equality with literals, one or several at once: a tuple of paths leads to the tuples of values wanted there.
 * Missing and null are one value here, because `== null` does not tell them apart (execution.md §24.3).
 */

import type { Literals } from '../lifting.ts';
import { textCharsMax } from '../limits.ts';
import { isAbsent, type MapKey } from '../value.ts';
import { Buckets } from './bucket.ts';
import type { Engine, Entry } from './engine.ts';
import { type Path, readPath } from './path.ts';
import type { Access } from './plan.ts';
import { hashKey, literalOf, type Term } from './term.ts';

type HashAccess = Extract<Access, { kind: 'hash' }>;
type Key = MapKey | null;

interface Tuple<E extends Entry> {
  readonly paths: readonly Path[];
  readonly buckets: Buckets<Key, E>;
}

export class HashEngine<E extends Entry> implements Engine<'hash', E> {
  private readonly tuples = new Map<string, Tuple<E>>();

  get isEmpty(): boolean {
    return this.tuples.size === 0;
  }

  add(access: HashAccess, entry: E): void {
    const keys = wantedKeys(access, entry.literals);
    if (keys.length === 0) return;
    let tuple = this.tuples.get(access.key);
    if (tuple === undefined) {
      tuple = { paths: access.paths, buckets: new Buckets() };
      this.tuples.set(access.key, tuple);
    }
    for (const key of keys) tuple.buckets.add(key, entry);
  }

  remove(access: HashAccess, entry: E): void {
    const tuple = this.tuples.get(access.key);
    if (tuple === undefined) return;
    for (const key of wantedKeys(access, entry.literals)) tuple.buckets.remove(key, entry);
    if (tuple.buckets.size === 0) this.tuples.delete(access.key);
  }

  collect(event: unknown, visit: (entry: E) => void): void {
    for (const { paths, buckets } of this.tuples.values()) {
      const key = tupleKey(paths.length, (at) => foundKey(event, paths[at]));
      if (key !== undefined) buckets.visit(key, visit);
    }
  }
}

/** One key for each choice of terms. They always have keys: the condition saw to that. */
function wantedKeys({ terms }: HashAccess, literals: Literals): readonly Key[] {
  let choices: readonly (readonly Term[])[] = [[]];
  for (const ofPath of terms) {
    choices = choices.flatMap((choice) => ofPath.map((term) => [...choice, term]));
  }
  return choices.flatMap((choice) => {
    const key = tupleKey(choice.length, (at) => {
      const term = choice[at];
      return term && hashKey(literalOf(term, literals));
    });
    return key === undefined ? [] : [key];
  });
}

function foundKey(event: unknown, path: Path | undefined): Key | undefined {
  if (path === undefined) return undefined;
  const value = readPath(event, path);
  if (isAbsent(value)) return null;
  // No literal is as long as this, and hashing it for each tuple would cost.
  if (typeof value === 'string' && value.length > textCharsMax) return undefined;
  return hashKey(value);
}

/** One key for all parts; undefined when a part has none. */
function tupleKey(count: number, keyAt: (at: number) => Key | undefined): Key | undefined {
  const first = keyAt(0);
  if (count === 1 || first === undefined) return first;
  let text = partText(first);
  for (let at = 1; at < count; at++) {
    const key = keyAt(at);
    if (key === undefined) return undefined;
    text += partText(key);
  }
  return text;
}

/** Texts carry their length, so that no two tuples read the same. */
function partText(key: Key): string {
  if (typeof key === 'string') return `${key.length}"${key}`;
  // The two zeros are equal.
  return `${key === 0 ? 0 : key},`;
}

/**
 * `"x" in path`: the literals that are looked for in a list, or among the keys of a map.
 */

import { isList, isMap, isRecord, lift, type MapKey, type Value } from '../value.ts';
import { Buckets } from './bucket.ts';
import type { Engine, Entry } from './engine.ts';
import { type Path, readPath } from './path.ts';
import type { Access } from './plan.ts';
import { hashKey, literalOf } from './term.ts';

type MemberAccess = Extract<Access, { kind: 'member' }>;
type Key = MapKey | null;

interface Members<E extends Entry> {
  readonly path: Path;
  readonly buckets: Buckets<Key, E>;
}

export class MemberEngine<E extends Entry> implements Engine<'member', E> {
  private readonly paths = new Map<string, Members<E>>();

  get isEmpty(): boolean {
    return this.paths.size === 0;
  }

  add({ path, term }: MemberAccess, entry: E): void {
    const key = hashKey(literalOf(term, entry.literals));
    if (key === undefined) return;
    let members = this.paths.get(path.key);
    if (members === undefined) {
      members = { path, buckets: new Buckets() };
      this.paths.set(path.key, members);
    }
    members.buckets.add(key, entry);
  }

  remove({ path, term }: MemberAccess, entry: E): void {
    const members = this.paths.get(path.key);
    const key = hashKey(literalOf(term, entry.literals));
    if (members === undefined || key === undefined) return;
    members.buckets.remove(key, entry);
    if (members.buckets.size === 0) this.paths.delete(path.key);
  }

  collect(event: unknown, visit: (entry: E) => void): void {
    for (const { path, buckets } of this.paths.values()) {
      // A list may hold the same thing many times, and many may look for it.
      const seen = new Set<Key>();
      for (const member of membersOf(readPath(event, path))) {
        const key = hashKey(lift(member));
        if (key === undefined || !buckets.has(key) || seen.has(key)) continue;
        seen.add(key);
        buckets.visit(key, visit);
      }
    }
  }
}

function membersOf(container: Value): Iterable<unknown> {
  if (isList(container)) return container;
  if (isMap(container)) return container.keys();
  return isRecord(container) ? Object.keys(container) : [];
}

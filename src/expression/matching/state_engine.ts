/**
 * Whether a path is missing, null or a value: `!= null`, `has()`, and what is used as a condition itself. Equality with
 * null is the hash engine's.
 */

import { isAbsent } from '../value.ts';
import { Buckets } from './bucket.ts';
import type { Engine, Entry } from './engine.ts';
import { type Path, readPath } from './path.ts';
import type { Access } from './plan.ts';

type StateAccess = Extract<Access, { kind: 'state' }>;

interface States<E extends Entry> {
  readonly path: Path;
  readonly buckets: Buckets<StateAccess['state'], E>;
}

export class StateEngine<E extends Entry> implements Engine<'state', E> {
  private readonly paths = new Map<string, States<E>>();

  get isEmpty(): boolean {
    return this.paths.size === 0;
  }

  add({ path, state }: StateAccess, entry: E): void {
    let states = this.paths.get(path.key);
    if (states === undefined) {
      states = { path, buckets: new Buckets() };
      this.paths.set(path.key, states);
    }
    states.buckets.add(state, entry);
  }

  remove({ path, state }: StateAccess, entry: E): void {
    const states = this.paths.get(path.key);
    if (states === undefined) return;
    states.buckets.remove(state, entry);
    if (states.buckets.size === 0) this.paths.delete(path.key);
  }

  collect(event: unknown, visit: (entry: E) => void): void {
    for (const { path, buckets } of this.paths.values()) {
      const value = readPath(event, path);
      buckets.visit(isAbsent(value) ? 'missing' : 'present', visit);
      if (!isAbsent(value) && value !== null) buckets.visit('value', visit);
    }
  }
}

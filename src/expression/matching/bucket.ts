/**
 * Entries by key. Most keys have one entry, which then costs no set of its own.
 */

type Bucket<E> = E | Set<E>;

export class Buckets<K, E extends object> {
  private readonly byKey = new Map<K, Bucket<E>>();

  get size(): number {
    return this.byKey.size;
  }

  /** An entry that is there already stays as it is. */
  add(key: K, entry: E): void {
    const known = this.byKey.get(key);
    if (known instanceof Set) known.add(entry);
    else if (known === undefined) this.byKey.set(key, entry);
    else if (known !== entry) this.byKey.set(key, new Set([known, entry]));
  }

  remove(key: K, entry: E): void {
    const known = this.byKey.get(key);
    if (known === entry) this.byKey.delete(key);
    if (!(known instanceof Set)) return;
    known.delete(entry);
    const [last] = known;
    if (known.size === 1 && last !== undefined) this.byKey.set(key, last);
  }

  has(key: K): boolean {
    return this.byKey.has(key);
  }

  visit(key: K, visit: (entry: E) => void): void {
    const known = this.byKey.get(key);
    if (known instanceof Set) for (const entry of known) visit(entry);
    else if (known !== undefined) visit(known);
  }
}

/**
 * Remembers which keys are ahead of the disk. What goes to disk is their final state when a batch is taken:
 * many changes to one key become one, and a key that came and went in between costs nothing.
 */
import type { DiskState, Entry } from './entry.ts';
import type { ChangeListener } from './keyspace.ts';
import { encodeEntry } from './row_encoding.ts';
import { type Operand, rowOp } from './row_ops.ts';

export class Journal implements ChangeListener {
  readonly #stale = new Set<Entry>();
  #drops: Operand[] = [];
  #lastId = 0;
  /** Called when the first change after a batch arrives. */
  onFirstChange: () => void = () => {};

  /** New keys get ids above `lastId`, the largest one in the database. */
  startAfter(lastId: number): void {
    this.#lastId = lastId;
  }

  get isEmpty(): boolean {
    return this.#stale.size === 0 && this.#drops.length === 0;
  }

  /** Keys that are ahead of the disk. */
  get size(): number {
    return this.#stale.size + this.#drops.length / 2;
  }

  changed(entry: Entry): void {
    if (this.isEmpty) this.onFirstChange();
    this.#stale.add(entry);
  }

  removed(entry: Entry, disk: DiskState): void {
    this.#stale.delete(entry);
    if (disk.id === 0) return;
    if (this.isEmpty) this.onFirstChange();
    this.#drops.push(rowOp.dropKey, disk.id);
    if (disk.isSplit) this.#drops.push(rowOp.dropParts, disk.id);
  }

  /** The operations that bring the disk up to date. They must reach it before those of later batches. */
  take(): Operand[] {
    const ops = this.#drops;
    for (const entry of this.#stale) {
      const { disk } = entry;
      if (disk === undefined) continue;
      if (disk.id === 0) {
        this.#lastId += 1;
        disk.id = this.#lastId;
      }
      encodeEntry(entry, disk, ops);
    }
    this.#drops = [];
    this.#stale.clear();
    return ops;
  }
}

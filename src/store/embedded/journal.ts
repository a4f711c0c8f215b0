/**
 * Remembers which keys are ahead of the disk. What goes to disk is their final state when a batch is taken:
 * many changes to one key become one, and a key that came and went in between costs nothing.
 */
import { type Entry, unwritten } from './entry.ts';
import type { ChangeListener } from './keyspace.ts';
import { encodeEntry } from './row_encoding.ts';
import { type Operand, rowOp } from './row_ops.ts';

/** How much the database holds. */
export interface RowCounts {
  readonly keyRows: number;
  readonly partRows: number;
}

export class Journal implements ChangeListener {
  readonly #stale = new Set<Entry>();
  #drops: Operand[] = [];
  #dropped = 0;
  #lastId = 0;
  #keyRows = 0;
  #partRows = 0;
  /** Called when the first change after a batch arrives. */
  onFirstChange: () => void = () => {};

  /** New keys get ids above `lastId`, the largest one in the database. */
  startAfter(lastId: number, { keyRows, partRows }: RowCounts): void {
    this.#lastId = lastId;
    this.#keyRows = keyRows;
    this.#partRows = partRows;
  }

  get isEmpty(): boolean {
    return this.#stale.size === 0 && this.#dropped === 0;
  }

  /** Keys that are ahead of the disk. */
  get size(): number {
    return this.#stale.size + this.#dropped;
  }

  changed(entry: Entry): void {
    if (this.isEmpty) this.onFirstChange();
    this.#stale.add(entry);
  }

  removed(entry: Entry): void {
    this.#stale.delete(entry);
    const { rowId, split } = entry;
    if (rowId === unwritten) return;
    if (this.isEmpty) this.onFirstChange();
    this.#dropped += 1;
    this.#drops.push(rowOp.dropKey, rowId);
    this.#keyRows -= 1;
    if (split === null) return;
    this.#drops.push(rowOp.dropParts, rowId);
    this.#partRows -= split.parts;
  }

  /** The operations that bring the disk up to date. They must reach it before those of later batches. */
  take(): Operand[] {
    const ops = this.#drops;
    for (const entry of this.#stale) this.#encode(entry, ops);
    this.#drops = [];
    this.#dropped = 0;
    this.#stale.clear();
    if (ops.length > 0) ops.push(rowOp.putCounts, this.#keyRows, this.#partRows);
    return ops;
  }

  /** The operations that write all of these into a new database, which nothing was written to before. */
  takeAnew(entries: Iterable<Entry>): Operand[] {
    this.#stale.clear();
    this.#drops = [];
    this.#dropped = 0;
    this.startAfter(0, { keyRows: 0, partRows: 0 });
    for (const entry of entries) {
      entry.rowId = unwritten;
      entry.split = null;
      if (entry.kind === 'list') entry.value.unsettle();
      this.#stale.add(entry);
    }
    return this.take();
  }

  #encode(entry: Entry, ops: Operand[]): void {
    if (entry.rowId === unwritten) {
      this.#lastId += 1;
      entry.rowId = this.#lastId;
      this.#keyRows += 1;
    }
    this.#partRows -= entry.split?.parts ?? 0;
    encodeEntry(entry, ops);
    this.#partRows += entry.split?.parts ?? 0;
  }
}

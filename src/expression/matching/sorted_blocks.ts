/**
 * Intervals in the order of their lower ends, or thresholds in their order: short sorted arrays in a sorted array.
 * Adding and removing moves the entries of one block only; a scan visits what it reports, and skips the blocks in
 * which every interval has ended.
 */

/** Entries of a block before it is split. */
const blockMax = 512;

interface Numbered {
  readonly number: number;
}

interface Block<K, E> {
  readonly keys: K[];
  readonly entries: E[];
  /** The upper end of each interval; null where there is none. */
  readonly ends: (K | null)[];
  /** The largest of the ends; null when one has no end. */
  lastEnd: K | null;
}

export class SortedBlocks<K extends number | string, E extends Numbered> {
  private readonly blocks: Block<K, E>[] = [];

  get isEmpty(): boolean {
    return this.blocks.length === 0;
  }

  /** Entries with equal keys are told apart by their number. */
  add(key: K, end: K | null, entry: E): void {
    const at = this.blockFor(key, entry);
    const block = this.blocks[at];
    if (block === undefined) {
      this.blocks.push({ keys: [key], entries: [entry], ends: [end], lastEnd: end });
      return;
    }
    const place = placeIn(block, key, entry.number);
    block.keys.splice(place, 0, key);
    block.entries.splice(place, 0, entry);
    block.ends.splice(place, 0, end);
    if (end === null || (block.lastEnd !== null && end > block.lastEnd)) block.lastEnd = end;
    if (block.keys.length > blockMax) this.split(at, block);
  }

  /** Whether it was there. */
  remove(key: K, entry: E): boolean {
    const at = this.blockFor(key, entry);
    const block = this.blocks[at];
    if (block === undefined) return false;
    const place = placeIn(block, key, entry.number);
    if (block.entries[place] !== entry) return false;
    block.keys.splice(place, 1);
    block.entries.splice(place, 1);
    const [end] = block.ends.splice(place, 1);
    if (block.keys.length === 0) {
      this.blocks.splice(at, 1);
      return true;
    }
    if (end === block.lastEnd) block.lastEnd = lastOf(block.ends);
    this.join(at, block);
    return true;
  }

  /** Intervals that hold the value: from their key, which counts when `isClosed`, to their end, which always counts. */
  visitHolding(value: K, isClosed: boolean, visit: (entry: E) => void): void {
    for (const { keys, entries, ends, lastEnd } of this.blocks) {
      const [first] = keys;
      if (first === undefined || first > value || (first === value && !isClosed)) return;
      if (lastEnd !== null && lastEnd < value) continue;
      for (let i = 0; i < keys.length; i++) {
        const [key, end, entry] = [keys[i], ends[i], entries[i]];
        if (key === undefined || entry === undefined) break;
        if (key > value || (key === value && !isClosed)) return;
        if (end === null || end === undefined || end >= value) visit(entry);
      }
    }
  }

  /** Thresholds above the value, or equal to it when `isClosed`. */
  visitAbove(value: K, isClosed: boolean, visit: (entry: E) => void): void {
    for (let at = this.blocks.length - 1; at >= 0; at--) {
      const block = this.blocks[at];
      for (let i = (block?.keys.length ?? 0) - 1; i >= 0; i--) {
        const [key, entry] = [block?.keys[i], block?.entries[i]];
        if (key === undefined || entry === undefined) break;
        if (key < value || (key === value && !isClosed)) return;
        visit(entry);
      }
    }
  }

  visitAll(visit: (entry: E) => void): void {
    for (const { entries } of this.blocks) entries.forEach(visit);
  }

  /** The last block that begins at or before the place; the first when there is none. */
  private blockFor(key: K, { number }: E): number {
    let [low, high] = [0, this.blocks.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const block = this.blocks[middle];
      const [first, entry] = [block?.keys[0], block?.entries[0]];
      if (first === undefined || entry === undefined) break;
      const isAfter = first > key || (first === key && entry.number > number);
      if (isAfter) high = middle;
      else low = middle + 1;
    }
    return Math.max(0, low - 1);
  }

  private split(at: number, block: Block<K, E>): void {
    const half = block.keys.length >> 1;
    const ends = block.ends.splice(half);
    const upper = { keys: block.keys.splice(half), entries: block.entries.splice(half), ends };
    block.lastEnd = lastOf(block.ends);
    this.blocks.splice(at + 1, 0, { ...upper, lastEnd: lastOf(ends) });
  }

  /** Blocks that have become small are put together, so that there are few. */
  private join(at: number, block: Block<K, E>): void {
    const next = this.blocks[at + 1];
    if (next === undefined || block.keys.length + next.keys.length > blockMax / 2) return;
    block.keys.push(...next.keys);
    block.entries.push(...next.entries);
    block.ends.push(...next.ends);
    block.lastEnd = lastOf(block.ends);
    this.blocks.splice(at + 1, 1);
  }
}

/** Where an entry with this key and number is, or belongs. */
function placeIn<K extends number | string, E extends Numbered>(
  { keys, entries }: Block<K, E>,
  key: K,
  number: number,
): number {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const [other, entry] = [keys[middle], entries[middle]];
    if (other === undefined || entry === undefined) break;
    if (other < key || (other === key && entry.number < number)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function lastOf<K extends number | string>(ends: readonly (K | null)[]): K | null {
  let last: K | null = ends[0] ?? null;
  for (const end of ends) {
    if (end === null) return null;
    if (last !== null && end > last) last = end;
  }
  return last;
}

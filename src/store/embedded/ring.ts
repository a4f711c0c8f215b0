/**
 * A list's elements in a ring: adding and taking at either end never moves the others. Every element has a
 * sequence number that stays with it while the list grows and shrinks; those are its rows on disk.
 */
const capacityMin = 8;

export class Ring {
  #slots: (string | undefined)[] = new Array<string | undefined>(capacityMin);
  #head = 0;
  #length = 0;
  /** Sequence number of the first element. */
  firstSeq = 0;
  /** Elements with sequence numbers in [keptFrom, keptTo) have not moved since `settle`. */
  keptFrom = 0;
  keptTo = 0;
  /** The sequence numbers [rowsFrom, rowsTo) that have rows on disk, when the list is split. */
  rowsFrom = 0;
  rowsTo = 0;

  get length(): number {
    return this.#length;
  }

  /** The element at a position counted from the head, or undefined outside the list. */
  at(position: number): string | undefined {
    if (position < 0 || position >= this.#length) return undefined;
    return this.#slots[this.#slot(position)];
  }

  set(position: number, value: string): void {
    this.#slots[this.#slot(position)] = value;
  }

  push(value: string): void {
    this.#makeRoom();
    this.#slots[this.#slot(this.#length)] = value;
    this.#length += 1;
  }

  unshift(value: string): void {
    this.#makeRoom();
    this.#head = (this.#head - 1) & (this.#slots.length - 1);
    this.#slots[this.#head] = value;
    this.#length += 1;
    this.firstSeq -= 1;
  }

  pop(): string | undefined {
    if (this.#length === 0) return undefined;
    const place = this.#slot(this.#length - 1);
    const value = this.#slots[place];
    this.#slots[place] = undefined;
    this.#length -= 1;
    this.keptTo = Math.min(this.keptTo, this.firstSeq + this.#length);
    return value;
  }

  shift(): string | undefined {
    if (this.#length === 0) return undefined;
    const value = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#length -= 1;
    this.firstSeq += 1;
    this.keptFrom = Math.max(this.keptFrom, this.firstSeq);
    return value;
  }

  /** Replaces all elements. They get new sequence numbers, after all those used so far. */
  replace(values: readonly string[]): void {
    this.firstSeq += this.#length;
    this.#slots = new Array<string | undefined>(capacityMin);
    this.#head = 0;
    this.#length = 0;
    this.keptFrom = this.firstSeq;
    this.keptTo = this.firstSeq;
    for (const value of values) this.push(value);
  }

  /** Declares the present elements written. */
  settle(): void {
    this.keptFrom = this.firstSeq;
    this.keptTo = this.firstSeq + this.#length;
    this.rowsFrom = this.keptFrom;
    this.rowsTo = this.keptTo;
  }

  /** Declares that no element is written. */
  unsettle(): void {
    this.keptFrom = this.firstSeq;
    this.keptTo = this.firstSeq;
    this.rowsFrom = this.firstSeq;
    this.rowsTo = this.firstSeq;
  }

  slice(start: number, end: number): string[] {
    const found: string[] = [];
    for (let position = Math.max(0, start); position < end; position += 1) {
      const value = this.at(position);
      if (value === undefined) break;
      found.push(value);
    }
    return found;
  }

  #slot(position: number): number {
    return (this.#head + position) & (this.#slots.length - 1);
  }

  #makeRoom(): void {
    if (this.#length < this.#slots.length) return;
    const values = this.slice(0, this.#length);
    values.length = this.#slots.length * 2;
    this.#slots = values;
    this.#head = 0;
  }
}

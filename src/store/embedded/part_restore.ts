/** Puts the parts of split keys back together; rows come in the order of their key and part. */
import type { Damage } from './damage.ts';
import type { Entry, ListEntry } from './entry.ts';
import { readScore } from './packed_entry.ts';
import { partChecksum } from './row_checksum.ts';
import type { Scored } from './sorted_set.ts';

/** As they should be; a damaged row may hold anything. */
export type PartRow = [id: number, part: string | number, v: string | number | null, sum: number];

export class PartRestore {
  #id = Number.NaN;
  #entry: Entry | undefined;
  /** Those of a sorted set are put into it at once, which is faster. */
  #scored: Scored[] = [];

  constructor(
    private readonly split: ReadonlyMap<number, Entry>,
    private readonly damage: Damage,
  ) {}

  add(row: PartRow): void {
    const [id, part, value, sum] = row;
    if (id !== this.#id) this.#begin(id);
    const entry = this.#entry;
    const where = `${entry?.key ?? `row ${id}`}, part ${String(part)}`;
    if (!isText(part) && typeof part !== 'number') this.damage.note(where, 'its name is no text');
    else if (sum !== partChecksum(id, part, value)) {
      this.damage.note(where, 'its checksum does not match');
    } else if (!entry) this.damage.note(where, 'there is no key that it belongs to');
    else this.#put(entry, part, value, where);
  }

  finish(): void {
    this.#end();
    for (const entry of this.split.values()) {
      if (entry.split?.parts === 0) this.damage.note(entry.key, 'all of its parts are missing');
    }
  }

  #begin(id: number): void {
    this.#end();
    this.#id = id;
    this.#entry = this.split.get(id);
  }

  #end(): void {
    const entry = this.#entry;
    if (entry?.kind === 'zset') entry.value.fill(this.#scored);
    if (entry?.kind === 'list') entry.value.settle();
    this.#scored = [];
    if (!entry || entry.kind === 'string' || entry.kind === 'list') return;
    // Damage to the tree can show one row twice, in the place of another.
    if (entry.value.size !== entry.split?.parts) {
      this.damage.note(entry.key, 'some of its parts appear more than once');
    }
  }

  #put(entry: Entry, part: string | number, value: string | number | null, where: string): void {
    if (entry.split) entry.split.parts += 1;
    if (entry.kind === 'list') this.#putElement(entry, part, value, where);
    else if (entry.kind === 'hash') entry.value.set(String(part), String(value));
    else if (entry.kind === 'set') entry.value.add(String(part));
    else if (entry.kind === 'zset') {
      this.#scored.push({ member: String(part), score: readScore(value) });
    } else this.damage.note(where, 'a string has no parts');
  }

  #putElement({ value: list }: ListEntry, seq: unknown, value: unknown, where: string): void {
    if (list.length === 0) list.firstSeq = Number(seq);
    else if (list.firstSeq + list.length !== seq) {
      this.damage.note(where, 'elements before it are missing');
    }
    list.push(String(value));
  }
}

const isText = (value: unknown): value is string => typeof value === 'string';

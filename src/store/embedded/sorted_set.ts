/**
 * Members ordered by score, then by the bytes of the member. Kept as a list of short sorted chunks rather
 * than in a B-tree because Redis' sorted sets are asked for positions (ZRANK, ZCOUNT, ZRANGE by index),
 * and adding up chunk lengths answers those without walking the members.
 */
export interface Scored {
  readonly member: string;
  readonly score: number;
}

/** One end of a score range. */
export interface ScoreBound {
  readonly score: number;
  readonly isExclusive: boolean;
}

/** Inserting moves at most this many pointers; a million members make about three thousand chunks. */
const chunkItemsMax = 512;

export class SortedSet {
  readonly #nodes = new Map<string, Scored>();
  #chunks: Scored[][] = [];

  get size(): number {
    return this.#nodes.size;
  }

  score(member: string): number | undefined {
    return this.#nodes.get(member)?.score;
  }

  /** In no particular order. */
  members(): IterableIterator<Scored> {
    return this.#nodes.values();
  }

  set(member: string, score: number): void {
    const old = this.#nodes.get(member);
    if (old) {
      if (old.score === score) return;
      this.#removeNode(old);
    }
    const node: Scored = { member, score };
    this.#nodes.set(member, node);
    this.#insertNode(node);
  }

  delete(member: string): boolean {
    const node = this.#nodes.get(member);
    if (!node) return false;
    this.#nodes.delete(member);
    this.#removeNode(node);
    return true;
  }

  /** Fills an empty set at once. Members must be distinct. */
  fill(nodes: Scored[]): void {
    if (!isSorted(nodes)) nodes.sort(compareScored);
    for (const node of nodes) this.#nodes.set(node.member, node);
    const half = chunkItemsMax / 2;
    for (let at = 0; at < nodes.length; at += half) this.#chunks.push(nodes.slice(at, at + half));
  }

  /** How many members come before this one, or undefined when it is not in the set. */
  rank(member: string): number | undefined {
    const node = this.#nodes.get(member);
    return node && this.#rankWhere((other) => compareScored(other, node) < 0);
  }

  /** How many members come before the range that starts at `bound`. */
  rankOfMin(bound: ScoreBound): number {
    const { score, isExclusive } = bound;
    return this.#rankWhere((node) => node.score < score || (isExclusive && node.score === score));
  }

  /** How many members come before the end of the range that ends with `bound`. */
  rankOfMax(bound: ScoreBound): number {
    const { score, isExclusive } = bound;
    return this.#rankWhere((node) => node.score < score || (!isExclusive && node.score === score));
  }

  /** The members with ranks from `start` up to but not including `end`, in order. */
  slice(start: number, end: number): Scored[] {
    const found: Scored[] = [];
    let skipped = 0;
    for (const chunk of this.#chunks) {
      if (skipped >= end) break;
      const from = Math.max(0, start - skipped);
      const to = Math.min(chunk.length, end - skipped);
      for (let at = from; at < to; at += 1) {
        const node = chunk[at];
        if (node) found.push(node);
      }
      skipped += chunk.length;
    }
    return found;
  }

  first(): Scored | undefined {
    return this.#chunks[0]?.[0];
  }

  /** Counts the members for which `isBefore` holds; it must hold for a prefix of the order. */
  #rankWhere(isBefore: (node: Scored) => boolean): number {
    const place = this.#chunkWhere(isBefore);
    let rank = 0;
    for (let at = 0; at < place; at += 1) rank += this.#chunks[at]?.length ?? 0;
    const chunk = this.#chunks[place];
    return chunk ? rank + countWhere(chunk, isBefore) : rank;
  }

  /** The first chunk whose last member is not before; the number of chunks when all are. */
  #chunkWhere(isBefore: (node: Scored) => boolean): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const last = this.#chunks[middle]?.at(-1);
      if (last && isBefore(last)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #insertNode(node: Scored): void {
    const end = this.#chunks.at(-1);
    const last = end?.at(-1);
    // Most of what is added is due after everything else.
    if (end && last && end.length < chunkItemsMax && compareScored(last, node) < 0) end.push(node);
    else this.#insertInside(node);
  }

  #insertInside(node: Scored): void {
    const isBefore = (other: Scored): boolean => compareScored(other, node) < 0;
    const place = Math.min(this.#chunkWhere(isBefore), Math.max(0, this.#chunks.length - 1));
    const chunk = this.#chunks[place];
    if (!chunk) {
      this.#chunks.push([node]);
      return;
    }
    chunk.splice(countWhere(chunk, isBefore), 0, node);
    if (chunk.length > chunkItemsMax) {
      this.#chunks.splice(place + 1, 0, chunk.splice(chunkItemsMax / 2));
    }
  }

  #removeNode(node: Scored): void {
    const isBefore = (other: Scored): boolean => compareScored(other, node) < 0;
    const place = this.#chunkWhere(isBefore);
    const chunk = this.#chunks[place];
    const at = chunk ? countWhere(chunk, isBefore) : -1;
    if (chunk?.[at] !== node) throw new Error('sorted set: the order and the members disagree');
    chunk.splice(at, 1);
    if (chunk.length === 0) this.#chunks.splice(place, 1);
  }
}

/** The length of the prefix of a sorted chunk for which `isBefore` holds. */
function countWhere(chunk: readonly Scored[], isBefore: (node: Scored) => boolean): number {
  let low = 0;
  let high = chunk.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const node = chunk[middle];
    if (node && isBefore(node)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isSorted(nodes: readonly Scored[]): boolean {
  let last: Scored | undefined;
  for (const node of nodes) {
    if (last && compareScored(last, node) > 0) return false;
    last = node;
  }
  return true;
}

function compareScored(left: Scored, right: Scored): number {
  if (left.score !== right.score) return left.score < right.score ? -1 : 1;
  return compareUtf8(left.member, right.member);
}

/** Orders strings as their UTF-8 bytes: like UTF-16 units, except that surrogates come last. */
export function compareUtf8(left: string, right: string): number {
  const shared = Math.min(left.length, right.length);
  for (let at = 0; at < shared; at += 1) {
    const l = left.charCodeAt(at);
    const r = right.charCodeAt(at);
    if (l === r) continue;
    if (isSurrogate(l) !== isSurrogate(r)) {
      // A surrogate stands for a character beyond U+FFFF, whatever the other unit is.
      return isSurrogate(l) ? 1 : -1;
    }
    return l - r;
  }
  return left.length - right.length;
}

const isSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff;

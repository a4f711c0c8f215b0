/**
 * When keys expire, soonest first. A key that is removed or gets another expiry leaves its old place behind, which is
 * skipped when its time has come: cheaper than finding it.
 */
export interface Expiry {
  readonly key: string;
  readonly atMs: number;
}

/** Fewer places left behind than this are not worth tidying up. */
const leftBehindMin = 1_000;

export class ExpiryHeap {
  /** None is later than the two at twice its index plus one and plus two. */
  #places: Expiry[] = [];

  add(expiry: Expiry): void {
    let at = this.#places.push(expiry) - 1;
    while (at > 0) {
      const parent = this.#places[(at - 1) >>> 1];
      if (parent === undefined || parent.atMs <= expiry.atMs) break;
      this.#places[at] = parent;
      at = (at - 1) >>> 1;
    }
    this.#places[at] = expiry;
  }

  /** Fills an empty heap at once. */
  fill(expiries: Expiry[]): void {
    this.#places = expiries;
    for (let at = (expiries.length >>> 1) - 1; at >= 0; at -= 1) this.#sink(at);
  }

  first(): Expiry | undefined {
    return this.#places[0];
  }

  removeFirst(): void {
    const last = this.#places.pop();
    if (last === undefined || this.#places.length === 0) return;
    this.#places[0] = last;
    this.#sink(0);
  }

  /** Drops what was left behind when that is most of it. `count` is how many keys expire. */
  tidy(count: number, isRight: (expiry: Expiry) => boolean): void {
    if (this.#places.length <= 2 * count + leftBehindMin) return;
    // By their keys, because one that got its old expiry back has two places.
    const right = new Map<string, Expiry>();
    for (const place of this.#places) if (isRight(place)) right.set(place.key, place);
    this.fill([...right.values()]);
  }

  /** Moves the place at this index down to where it belongs. */
  #sink(start: number): void {
    const places = this.#places;
    const place = places[start];
    if (place === undefined) return;
    let at = start;
    for (;;) {
      const child = this.#soonerChild(at);
      const sooner = places[child];
      if (sooner === undefined || sooner.atMs >= place.atMs) break;
      places[at] = sooner;
      at = child;
    }
    places[at] = place;
  }

  #soonerChild(at: number): number {
    const left = 2 * at + 1;
    const right = this.#places[left + 1];
    return right !== undefined && right.atMs < (this.#places[left]?.atMs ?? 0) ? left + 1 : left;
  }
}

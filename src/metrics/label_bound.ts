/** Keeps a label from taking ever more values: each of them costs memory here and in Prometheus for good. */

/** What further values are called. */
export const otherLabel = 'other';

export class LabelBound {
  readonly #known = new Set<string>();

  constructor(private readonly valuesMax: number) {}

  /** The value itself for the first `valuesMax` different ones, `other` for those that come after. */
  of(value: string): string {
    if (this.#known.has(value)) return value;
    if (this.#known.size >= this.valuesMax) return otherLabel;
    this.#known.add(value);
    return value;
  }
}

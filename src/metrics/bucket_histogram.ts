/**
 * A histogram that also takes durations which were put into buckets elsewhere: in another thread, a batch at a time.
 * Observing costs a search among some twenty bounds; text is only made when somebody reads it.
 */
import { Histogram, type Registry } from './prom_client.ts';

type Labels = Readonly<Record<string, string>>;

export interface BucketHistogramOptions {
  readonly registry: Registry;
  readonly name: string;
  readonly help: string;
  /** Upper bounds in the metric's unit, rising. */
  readonly bounds: readonly number[];
  readonly labelNames?: readonly string[];
}

/** What was observed under one set of labels. */
export interface Observations {
  readonly count: number;
  readonly sum: number;
  /** How many in each bucket alone; those above the last bound at the end. */
  readonly buckets: readonly number[];
}

interface Series {
  readonly labels: Labels;
  count: number;
  sum: number;
  readonly buckets: number[];
}

type Exported = Awaited<ReturnType<Histogram['get']>>;

export class BucketHistogram extends Histogram {
  readonly #options: BucketHistogramOptions;
  readonly #series = new Map<string, Series>();
  /** Without labels there is one series, which is there from the start. */
  readonly #only: Series | null = null;

  constructor(options: BucketHistogramOptions) {
    const { registry, name, help, bounds, labelNames = [] } = options;
    super({ name, help, labelNames: [...labelNames], buckets: [...bounds], registers: [registry] });
    this.#options = options;
    if (labelNames.length === 0) this.#only = this.#seriesOf({});
  }

  /** For histograms without labels. What is below 0, because a clock went back, counts as 0. */
  note(value: number): void {
    const series = this.#only ?? this.#seriesOf({});
    const counted = Math.max(0, value);
    const { bounds } = this.#options;
    let bucket = 0;
    while (counted > (bounds[bucket] ?? Number.POSITIVE_INFINITY)) bucket += 1;
    series.count += 1;
    series.sum += counted;
    series.buckets[bucket] = (series.buckets[bucket] ?? 0) + 1;
  }

  /** Adds what was observed elsewhere with the same bounds. Whoever calls this bounds the labels' values. */
  add(labels: Labels, { count, sum, buckets }: Observations): void {
    const series = this.#seriesOf(labels);
    series.count += count;
    series.sum += sum;
    for (const [index, more] of buckets.entries())
      series.buckets[index] = (series.buckets[index] ?? 0) + more;
  }

  override async get(): Promise<Exported> {
    const { name, help } = this.#options;
    const values = [...this.#series.values()].flatMap((series) => this.#valuesOf(series));
    // The library's declaration says a number; what its registry prints, and its own metrics hold, is this word.
    const type = 'histogram' as unknown as Exported['type'];
    return { name, help, type, values, aggregator: 'sum', collect: () => undefined };
  }

  /** The registry prefers this one, which the library's declarations do not name. */
  getForPromString(): Promise<Exported> {
    return this.get();
  }

  #valuesOf({ labels, count, sum, buckets }: Series): Exported['values'] {
    const { name, bounds } = this.#options;
    let below = 0;
    const cumulated = bounds.map((bound, index) => {
      below += buckets[index] ?? 0;
      return { metricName: `${name}_bucket`, labels: { ...labels, le: bound }, value: below };
    });
    return [
      ...cumulated,
      { metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: count },
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: count },
    ];
  }

  #seriesOf(labels: Labels): Series {
    const key = Object.values(labels).join('\n');
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    const buckets = new Array<number>(this.#options.bounds.length + 1).fill(0);
    const series: Series = { labels, count: 0, sum: 0, buckets };
    this.#series.set(key, series);
    return series;
  }
}

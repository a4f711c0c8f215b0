/** Metrics that are read from their source at each scrape, and cost nothing in between. */

import type { Logger } from '../lib/logger.ts';
import { Counter, Gauge, type Registry } from './prom_client.ts';

export interface ReadValue {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

type ReadResult = readonly ReadValue[] | number | null;

export interface Reading {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly string[];
  /** Null when it cannot be said now: the metric has no value then, which says more than a zero. */
  readonly read: () => ReadResult | Promise<ReadResult>;
}

export class Readings {
  readonly #registry: Registry;
  readonly #log: Pick<Logger, 'warn'>;

  constructor(registry: Registry, log: Pick<Logger, 'warn'>) {
    this.#registry = registry;
    this.#log = log;
  }

  gauge(reading: Reading): void {
    const source = this.#sourceOf(reading);
    new Gauge({
      ...this.#configuration(reading),
      async collect() {
        const values = await source();
        this.reset();
        // Without labels it is 0 after `reset`, and not absent.
        if (reading.labelNames === undefined) this.remove();
        for (const { labels = {}, value } of values) this.set(labels, value);
      },
    });
  }

  /** For sources that count by themselves. */
  counter(reading: Reading): void {
    const source = this.#sourceOf(reading);
    new Counter({
      ...this.#configuration(reading),
      async collect() {
        const values = await source();
        this.reset();
        if (reading.labelNames === undefined) this.remove();
        for (const { labels = {}, value } of values) this.inc(labels, value);
      },
    });
  }

  #configuration({ name, help, labelNames = [] }: Reading) {
    return { name, help, labelNames: [...labelNames], registers: [this.#registry] };
  }

  /** One source that is away must not take the other metrics with it. It is logged once until it answers again. */
  #sourceOf({ name, read }: Reading): () => Promise<readonly ReadValue[]> {
    let isFailing = false;
    return async () => {
      try {
        const found = await read();
        isFailing = false;
        if (found === null) return [];
        return typeof found === 'number' ? [{ value: found }] : found;
      } catch (error) {
        if (!isFailing)
          this.#log.warn(`metric ${name} has no value: it could not be read`, { error });
        isFailing = true;
        return [];
      }
    };
  }
}

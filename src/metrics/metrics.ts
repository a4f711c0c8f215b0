/**
 * What Prometheus is told (observability-ui.md §10): base units, counters end in `_total`, labels are bounded.
 * Observing is cheap enough for every event and step; sources that know their own numbers are read at each scrape.
 */

import type { FactTally } from '../history/tally.ts';
import type { Logger } from '../lib/logger.ts';
import { BucketHistogram } from './bucket_histogram.ts';
import { FactMetrics } from './fact_metrics.ts';
import { LabelBound } from './label_bound.ts';
import { addProcessMetrics } from './process_metrics.ts';
import { Counter, Registry } from './prom_client.ts';
import { Readings } from './reading.ts';
import { addReadings, type Sources } from './sources.ts';

export interface Metrics {
  readonly contentType: string;
  /** Every metric as Prometheus' text format. Scrapes at the same time share one look at the sources. */
  text(): Promise<string>;
  /** What a batch of facts holds. */
  addTally(tally: FactTally): void;
  /** From when changes were handed to the disk, or a script to Redis, until they were there. */
  observeCommit(ms: number): void;
  /** `route` is the pattern, never the path: paths hold ids and keys. */
  countRequest(method: string, route: string, status: number): void;
}

/** From a fast disk to one that hangs. */
const commitBounds = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];
/** Patterns of routes: there are fewer, and none of them comes from outside. */
const routesMax = 300;
const methods: ReadonlySet<string> = new Set([
  ...['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
]);

/** Each has a registry of its own, so that two servers in one process do not meet. */
export function createMetrics(sources: Sources, log: Pick<Logger, 'warn'>): Metrics {
  const registry = new Registry();
  const readings = new Readings(registry, log);
  addReadings(readings, sources);
  const facts = new FactMetrics(registry);
  const commits = new BucketHistogram({
    registry,
    name: 'inngest_store_commit_seconds',
    help: 'Time until what scripts wrote was on disk, per group of them; with Redis, until it answered a script.',
    bounds: commitBounds,
  });
  const requests = new Counter({
    registers: [registry],
    name: 'inngest_http_requests_total',
    help: 'Requests that were answered, by method, pattern of the route and HTTP status.',
    labelNames: ['method', 'route', 'status'],
  });
  addProcessMetrics(readings);
  const routes = new LabelBound(routesMax);
  let reading: Promise<string> | null = null;
  return {
    contentType: registry.contentType,
    text() {
      reading ??= registry.metrics().finally(() => {
        reading = null;
      });
      return reading;
    },
    addTally: (tally) => facts.add(tally),
    observeCommit: (ms) => commits.note(ms / 1000),
    countRequest: (method, route, status) =>
      requests.inc({
        method: methods.has(method) ? method : 'other',
        route: routes.of(route),
        status: String(status),
      }),
  };
}

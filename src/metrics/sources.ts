/** Where the metrics that are read at each scrape come from, and what they are called. */
import type { Readings } from './reading.ts';

/** A part that is not there (no collector, no queue in a test) is left out, and its metrics with it. */
export interface Sources {
  readonly version: string;
  /** `embedded` or `redis`. */
  readonly store?: string;
  /** `sqlite` or `postgres`. */
  readonly history?: string;
  readonly queueDepth?: () => Promise<QueueItems>;
  readonly lanes?: () => readonly Lane[];
  readonly outbox?: () => OutboxState;
  /** Bytes of the history database; null when that cannot be said. */
  readonly historyBytes?: () => number | null | Promise<number | null>;
  readonly otlp?: () => ExportState;
  readonly http?: () => HttpState;
}

/** As `queueDepth` of queue/depth.ts counts. */
export interface QueueItems {
  readonly due: number;
  readonly scheduled: number;
  readonly limited: number;
  readonly running: number;
}

export interface Lane {
  readonly lane: string;
  readonly busy: number;
  readonly workers: number;
}

export interface OutboxState {
  /** Facts that history does not have yet. */
  readonly backlog: number;
  /** Batches that history did not take, since the start. */
  readonly failures: number;
}

export interface ExportState {
  readonly exported: number;
  readonly dropped: number;
  readonly queued: number;
}

export interface HttpState {
  readonly requests: number;
  readonly webSockets: number;
}

/** As the original clamps it. */
const depthMax = 1e9;

export function addReadings(readings: Readings, sources: Sources): void {
  addQueue(readings, sources);
  addHistory(readings, sources);
  addExport(readings, sources);
  addHttp(readings, sources);
  const { version, store = 'unknown', history = 'unknown' } = sources;
  readings.gauge({
    name: 'inngest_build_info',
    help: 'Always 1; its labels say what runs here.',
    labelNames: ['version', 'bun', 'store', 'history'],
    read: () => [
      { labels: { version, bun: process.versions.bun ?? '', store, history }, value: 1 },
    ],
  });
}

function addQueue(readings: Readings, { queueDepth, lanes }: Sources): void {
  if (queueDepth !== undefined) {
    // Both metrics of one scrape come from one look.
    let look: Promise<QueueItems> | null = null;
    const shared = (): Promise<QueueItems> => {
      look ??= queueDepth().finally(() => {
        look = null;
      });
      return look;
    };
    readings.gauge({
      name: 'inngest_queue_depth',
      help: 'Items in the queue, whether due, scheduled for later, held back by a limit or being worked on.',
      read: async () => {
        const { due, scheduled, limited, running } = await shared();
        return clamped(due + scheduled + limited + running);
      },
    });
    readings.gauge({
      name: 'inngest_queue_items',
      help: 'Items in the queue by state: due (waits for a free worker: scale by this), scheduled (due later), limited (held back by a concurrency limit), running.',
      labelNames: ['state'],
      read: async () =>
        Object.entries(await shared()).map(([state, value]) => ({
          labels: { state },
          value: clamped(value),
        })),
    });
  }
  if (lanes === undefined) return;
  readings.gauge({
    name: 'inngest_workers_busy',
    help: 'Workers of this server that are at work. calls: requests to apps; system: events, timers, schedules.',
    labelNames: ['lane'],
    read: () => lanes().map(({ lane, busy }) => ({ labels: { lane }, value: busy })),
  });
  readings.gauge({
    name: 'inngest_workers_limit',
    help: 'Workers of this server.',
    labelNames: ['lane'],
    read: () => lanes().map(({ lane, workers }) => ({ labels: { lane }, value: workers })),
  });
}

function addHistory(readings: Readings, { outbox, historyBytes }: Sources): void {
  if (outbox !== undefined) {
    readings.gauge({
      name: 'inngest_outbox_facts',
      help: 'Facts in the outbox that history does not have yet.',
      read: () => outbox().backlog,
    });
    readings.counter({
      name: 'inngest_history_write_failures_total',
      help: 'Batches of facts that could not be written to history; they are tried again.',
      read: () => outbox().failures,
    });
  }
  if (historyBytes === undefined) return;
  readings.gauge({
    name: 'inngest_history_bytes',
    help: 'Size of the history database.',
    read: historyBytes,
  });
}

function addExport(readings: Readings, { otlp }: Sources): void {
  if (otlp === undefined) return;
  readings.counter({
    name: 'inngest_otlp_spans_total',
    help: 'Spans for the OTLP collector, by outcome: exported, dropped.',
    labelNames: ['outcome'],
    read: () => {
      const { exported, dropped } = otlp();
      return [
        { labels: { outcome: 'exported' }, value: exported },
        { labels: { outcome: 'dropped' }, value: dropped },
      ];
    },
  });
  readings.gauge({
    name: 'inngest_otlp_spans_queued',
    help: 'Spans that wait to be sent to the OTLP collector.',
    read: () => otlp().queued,
  });
}

function addHttp(readings: Readings, { http }: Sources): void {
  if (http === undefined) return;
  readings.gauge({
    name: 'inngest_http_requests_in_flight',
    help: 'HTTP requests that are being answered.',
    read: () => http().requests,
  });
  readings.gauge({
    name: 'inngest_websockets_open',
    help: 'Open WebSocket connections.',
    read: () => http().webSockets,
  });
}

function clamped(items: number): number {
  return Math.min(depthMax, Math.max(0, items));
}

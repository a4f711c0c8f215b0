/** The server's metrics. They are made before the parts that they are read from, which are named as they come. */
import { statSync } from 'node:fs';
import type { Settings } from '../cli/settings.ts';
import { version } from '../cli/version.ts';
import type { Logger } from '../lib/logger.ts';
import { createMetrics, type Metrics } from '../metrics/metrics.ts';
import type { HttpState, Lane, OutboxState, QueueItems } from '../metrics/sources.ts';
import type { OtlpExporter } from '../trace/otlp/exporter.ts';
import { historyFile } from './open.ts';

export interface MeteredParts {
  queueDepth?: () => Promise<QueueItems>;
  lanes?: () => readonly Lane[];
  outbox?: () => OutboxState;
  http?: () => HttpState;
}

export interface Metering {
  readonly metrics: Metrics;
  /** To be filled in by whoever has the part; nobody asks before the doors are open. */
  readonly parts: MeteredParts;
}

const noItems: QueueItems = { due: 0, scheduled: 0, limited: 0, running: 0 };

export function createMetering(
  settings: Settings,
  exporter: OtlpExporter | null,
  log: Pick<Logger, 'warn'>,
): Metering {
  const parts: MeteredParts = {};
  const file = historyFile(settings);
  const metrics = createMetrics(
    {
      version,
      store: settings.redisUri === null ? 'embedded' : 'redis',
      history: settings.postgresUri === null ? 'sqlite' : 'postgres',
      queueDepth: async () => (await parts.queueDepth?.()) ?? noItems,
      lanes: () => parts.lanes?.() ?? [],
      outbox: () => parts.outbox?.() ?? { backlog: 0, failures: 0 },
      ...(file !== null && { historyBytes: () => bytesOf(file) + bytesOf(`${file}-wal`) }),
      ...(exporter !== null && { otlp: () => exporter.stats() }),
      http: () => parts.http?.() ?? { requests: 0, webSockets: 0 },
    },
    log,
  );
  return { metrics, parts };
}

function bytesOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

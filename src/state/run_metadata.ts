/** What is known of a run from the start and never changes: one JSON text in its state. */
import { z } from 'zod';

export const runMetadataSchema = z.object({
  functionId: z.string(),
  functionVersion: z.number(),
  functionSlug: z.string(),
  appId: z.string(),
  scheduledAtMs: z.number(),
  /** When its first work is due, where that is not at once: the event lies in the future. */
  dueAtMs: z.number().optional(),
  eventIds: z.array(z.string()),
  eventName: z.string(),
  /** Correlation ids of the invokes among the triggering events, by position; '' for none. */
  correlations: z.array(z.string()),
  /** Priority in ms: how much earlier the run counts as scheduled (execution.md §4.6). */
  priorityMs: z.number(),
  /** Evaluated once, from the first event (execution.md §15.1). */
  concurrencyKeys: z.array(z.object({ key: z.string(), limit: z.number() })),
  mode: z.enum(['async', 'sync']),
  /** Retries + 1. */
  attemptsMax: z.number(),
  /** Of a durable endpoint (mode sync). The request that is replayed on re-entry is the run's event. */
  endpoint: z
    .object({
      /** Scheme and host; the name of the app. */
      domain: z.string(),
      /** Without the query. */
      url: z.string(),
      /** Of the protocol, as the app said when it created the run; 1 when it did not say. */
      requestVersion: z.number(),
    })
    .optional(),
  cron: z.string().optional(),
});

export type RunMetadata = z.infer<typeof runMetadataSchema>;

export function parseRunMetadata(text: string): RunMetadata {
  return runMetadataSchema.parse(JSON.parse(text));
}

/** The start timeout counts from here. */
export function runDueMs(metadata: Pick<RunMetadata, 'scheduledAtMs' | 'dueAtMs'>): number {
  return metadata.dueAtMs ?? metadata.scheduledAtMs;
}

/** The order of a run's work in its partition: older runs first (queue.md §4). */
export function runScoreMs(metadata: Pick<RunMetadata, 'scheduledAtMs' | 'priorityMs'>): number {
  return metadata.scheduledAtMs - metadata.priorityMs;
}

/** What the queue items of a run say to the executor (their `data`). */
import { z } from 'zod';
import { type NewItem, runItemId } from '../queue/item.ts';
import { type RunMetadata, runScoreMs } from '../state/run_metadata.ts';

const edgeSchema = z.object({
  functionId: z.string(),
  scheduledAtMs: z.number(),
  /** As in the run's metadata. */
  dueAtMs: z.number().optional(),
  /** A planned step to run; absent for a discovery. */
  target: z.object({ stepId: z.string(), name: z.string() }).optional(),
  /** Attempts that were made elsewhere before this item: by a durable endpoint in its caller's request. */
  attemptsBefore: z.number().optional(),
  /** The sleep that ends with this item. */
  slept: z
    .object({
      stepId: z.string(),
      name: z.string(),
      parallelMode: z.string(),
      /** When it began; absent in items of older servers. */
      startedAtMs: z.number().optional(),
    })
    .optional(),
});

export type Edge = z.infer<typeof edgeSchema>;

export function parseEdge(data: string): Edge {
  return edgeSchema.parse(JSON.parse(data));
}

/** What every item of a run needs to know of it. */
export interface RunWork {
  readonly runId: string;
  readonly metadata: RunMetadata;
}

/** An item that calls the SDK for a run. Work that is due at once is ordered by the age of its run. */
export function edgeItem(
  run: RunWork,
  item: {
    readonly id: string;
    readonly kind: 'start' | 'edge' | 'sleep';
    readonly atMs: number;
    readonly nowMs: number;
    readonly target?: Edge['target'];
    readonly slept?: Edge['slept'];
    readonly attemptsBefore?: number;
  },
): NewItem {
  const { metadata, runId } = run;
  return {
    id: item.id,
    partition: metadata.functionId,
    kind: item.kind,
    runId,
    atMs: item.atMs,
    scoreMs: item.atMs > item.nowMs ? item.atMs : Math.min(runScoreMs(metadata), item.atMs),
    attemptsMax: metadata.attemptsMax - (item.attemptsBefore ?? 0),
    data: edgeData(metadata, item),
    concurrencyKeys: metadata.concurrencyKeys,
  };
}

export function edgeData(
  metadata: RunMetadata,
  about: Pick<Edge, 'target' | 'slept' | 'attemptsBefore'> = {},
): string {
  const edge: Edge = {
    functionId: metadata.functionId,
    scheduledAtMs: metadata.scheduledAtMs,
    dueAtMs: metadata.dueAtMs,
    target: about.target,
    slept: about.slept,
    attemptsBefore: about.attemptsBefore,
  };
  return JSON.stringify(edge);
}

/** The step after which an item was queued, for `ctx.stack.current`; '' for none. */
export function stepOfItem(runId: string, itemId: string): string {
  const prefix = runItemId(runId, 'next');
  return itemId.startsWith(`${prefix}:`) ? itemId.slice(prefix.length + 1) : '';
}

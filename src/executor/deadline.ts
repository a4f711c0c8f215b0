/** Timers that end runs which do not start or finish in time, or of which nothing is heard (execution.md §13.3). */
import { z } from 'zod';
import { parseDuration } from '../lib/duration.ts';
import { type NewItem, runItemId } from '../queue/item.ts';

const deadlineSchema = z.object({
  runId: z.string(),
  functionId: z.string(),
  limit: z.enum(['start', 'finish', 'report']),
  /** Of the limit `report`: what the run had stored when its app was last known to be at work, and when that was. */
  heard: z.object({ stored: z.number(), atMs: z.number() }).optional(),
});

export type Deadline = z.infer<typeof deadlineSchema>;

export function parseDeadline(data: string): Deadline {
  return deadlineSchema.parse(JSON.parse(data));
}

const attemptsMax = 1_000_000;

/** The run of a durable endpoint ends when its app says nothing for so long and nothing else drives it. */
export const silenceMsMax = 24 * 60 * 60 * 1000;
/** How exactly that is kept: reports leave no time behind, so that somebody has to look whether there were any. */
export const silenceCheckMs = 60 * 60 * 1000;

export function deadlineItem(
  runId: string,
  functionId: string,
  limit: Deadline['limit'],
  atMs: number,
  heard?: Deadline['heard'],
): NewItem {
  const deadline: Deadline = { runId, functionId, limit, heard };
  return {
    id: runItemId(runId, 'deadline', `${limit}.${atMs}`),
    partition: 'timers',
    kind: 'deadline',
    runId,
    atMs,
    scoreMs: atMs,
    attemptsMax,
    data: JSON.stringify(deadline),
  };
}

/** 0 when absent or not a duration: such a timeout counts as not set (execution.md §2.1). */
export function timeoutMs(text: string | undefined): number {
  if (text === undefined) return 0;
  const parsed = parseDuration(text);
  return parsed === null || parsed <= 0 ? 0 : Math.ceil(parsed);
}

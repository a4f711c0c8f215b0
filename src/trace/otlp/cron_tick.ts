/** When a schedule was due and when it fired: the event of its tick says so (execution.md §16). */
import { z } from 'zod';
import { internalEvents } from '../../event/internal.ts';

export interface CronTick {
  readonly dueAtMs: number;
  /** Later than `dueAtMs` by the jitter. */
  readonly fireAtMs: number;
}

/** Payloads are canonical JSON: all others are told apart without being read. */
const opening = '{"data":{"cron":';

const time = z.iso.datetime().transform(Date.parse);
const tickSchema = z.object({
  name: z.literal(internalEvents.scheduledTimer),
  data: z.object({ scheduledAt: time, fireAt: time }),
});

/** Null for every other event. */
export function cronTickOf(payload: string): CronTick | null {
  if (!payload.startsWith(opening)) return null;
  const tick = tickSchema.safeParse(JSON.parse(payload));
  if (!tick.success) return null;
  const { scheduledAt, fireAt } = tick.data.data;
  return { dueAtMs: scheduledAt, fireAtMs: fireAt };
}

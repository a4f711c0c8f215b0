/** What facts say of waits in `detail`, in words of ours. */
import * as z from 'zod';
import type { StepFact } from '../../history/fact.ts';

const time = z
  .string()
  .transform((text) => Date.parse(text))
  .pipe(z.number())
  .nullable()
  .catch(null);
const text = z.string().nullable().catch(null);

const detailSchema = z.object({
  event: text,
  signal: text,
  expression: text,
  timeout: time,
  until: time,
  function_id: text,
  event_id: text,
  run_id: text,
});

export interface StepDetail {
  /** The event's name or the signal. */
  readonly subject: string | null;
  readonly expression: string | null;
  readonly timeoutAtMs: number | null;
  readonly untilMs: number | null;
  /** Slug of an invoked function. */
  readonly functionId: string | null;
  /** The event that was sent, or that ended the wait. */
  readonly eventId: string | null;
  readonly runId: string | null;
}

export function stepDetail({ detail }: Pick<StepFact, 'detail'>): StepDetail {
  const read = detailSchema.parse(detail ?? {});
  return {
    subject: read.event ?? read.signal,
    expression: read.expression,
    timeoutAtMs: read.timeout,
    untilMs: read.until,
    functionId: read.function_id,
    eventId: read.event_id,
    runId: read.run_id,
  };
}

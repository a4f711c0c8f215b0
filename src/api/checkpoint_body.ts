/** Bodies of the checkpoint routes (sdk-http-protocol.md §7.3–7.5). What Go leaves out has its zero value. */
import { z } from 'zod';
import { mebibyte } from './body.ts';

/** Steps of a run cannot exceed its state (32 MiB); the rest is room for the envelope. */
const stepsBytesMax = 33 * mebibyte;
const createBytesMax = 4 * mebibyte;
/** Steps per response and run, absolute (sdk-http-protocol.md §10). */
const stepsMax = 10_000;

/** Go writes an empty list as null. The service parses the opcodes themselves. */
const steps = z
  .array(z.unknown())
  .max(stepsMax)
  .nullish()
  .transform((list) => list ?? []);

const retriesDefault = 4;

export const createRule = {
  bytesMax: createBytesMax,
  refusal: 'Invalid request body',
  schema: z.object({
    run_id: z.string(),
    event: z.object({
      name: z.string().min(1),
      data: z.record(z.string(), z.unknown()),
      ts: z.int().optional(),
    }),
    steps,
    request_version: z.int().default(0),
    retries: z
      .int()
      .default(0)
      .transform((retries) => (retries < 0 ? retriesDefault : retries)),
    idempotency: z.string().optional(),
  }),
};

export const stepsRule = {
  bytesMax: stepsBytesMax,
  refusal: 'invalid request body',
  schema: z.object({ run_id: z.string().optional(), fn_id: z.string().min(1), steps }),
};

export const asyncRule = {
  bytesMax: stepsBytesMax,
  refusal: 'invalid request body',
  schema: z.object({
    run_id: z.string().optional(),
    fn_id: z.string().min(1),
    qi_id: z.string(),
    generation_id: z.int().min(0).default(0),
    request_started_at: z
      .int()
      .nullish()
      // Zero is Go's way of leaving it out.
      .transform((ms) => (ms ? ms : null)),
    steps,
  }),
};

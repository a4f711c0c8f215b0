/** Body of `POST /v1/runs/{id}/metadata` (http-api.md §3.6, sdk-http-protocol.md §9.1). */
import { z } from 'zod';
import { mebibyte, readJson } from './body.ts';
import { Problem } from './problem.ts';

const runBytesMax = mebibyte;
const entryBytesMax = 64 * 1024;

const target = z
  .object({
    run_id: z.string().optional(),
    step_id: z.string().min(1).optional(),
    step_index: z.int().min(0).optional(),
    /** -1 means the last attempt. */
    step_attempt: z.int().min(-1).optional(),
    span_id: z.string().optional(),
  })
  .refine(
    ({ step_id, step_index, step_attempt, span_id }) =>
      step_id !== undefined || (step_index ?? step_attempt ?? span_id) === undefined,
    'step_index, step_attempt and span_id need step_id',
  );

const schema = z.object({
  target: target.default({}),
  metadata: z
    .array(
      z.object({
        kind: z.string().min(1).max(128),
        op: z.enum(['merge', 'set', 'delete', 'add']),
        values: z.record(z.string(), z.unknown()).default({}),
      }),
    )
    .default([]),
});

export type RunMetadata = z.infer<typeof schema>;

/** Throws `Problem` 400 when the body makes no sense and 413 when it is too large. */
export async function readMetadata(request: Request): Promise<RunMetadata> {
  const rule = { schema, bytesMax: runBytesMax, refusal: 'Invalid metadata target' };
  const body = await readJson(request, rule);
  for (const entry of body.metadata) {
    if (Buffer.byteLength(JSON.stringify(entry)) > entryBytesMax) {
      throw new Problem(413, 'Metadata span exceeds maximum size of 64KB');
    }
  }
  return body;
}

/** `POST /v1/runs/{id}/metadata` (http-api.md §3.6, sdk-http-protocol.md §9.1). */
import { z } from 'zod';
import type { MetadataFact } from '../history/fact.ts';
import {
  entriesMax,
  entryBytesMax,
  entryProblem,
  kindCharsMax,
  type MetadataTarget,
  metadataBytes,
  metadataFact,
} from '../trace/metadata_rules.ts';
import { stepKeyOf } from '../trace/step_key.ts';
import { mebibyte, readJson } from './body.ts';
import { MetadataRoom } from './metadata_room.ts';
import { Problem } from './problem.ts';
import type { Services } from './services.ts';

const bodyBytesMax = mebibyte;
const refusal = 'Invalid metadata target';
const idCharsMax = 1_024;

const target = z
  .object({
    run_id: z.string().optional(),
    step_id: z.string().min(1).max(idCharsMax).optional(),
    step_index: z.int().min(0).optional(),
    /** -1 means the last attempt. */
    step_attempt: z.int().min(-1).optional(),
    span_id: z.string().min(1).max(idCharsMax).optional(),
  })
  .refine(
    ({ step_id, step_index, step_attempt, span_id }) =>
      step_id !== undefined || (step_index ?? step_attempt ?? span_id) === undefined,
    'step_index, step_attempt and span_id need step_id',
  );

export const metadataBody = z.object({
  target: target.default({}),
  metadata: z
    .array(
      z.object({
        kind: z.string().min(1).max(kindCharsMax),
        op: z.enum(['merge', 'set', 'delete', 'add']),
        values: z.record(z.string(), z.unknown()).default({}),
      }),
    )
    .max(entriesMax)
    .default([]),
});

type RunMetadata = z.infer<typeof metadataBody>;

/** Resolves when the metadata is stored. Throws `Problem` 400 for what makes no sense and 413 for what is too large. */
export type WriteMetadata = (runId: string, request: Request) => Promise<void>;

/** A run that history does not know is written to as well, as in the original: history may be late. */
export function metadataWriter(
  services: Pick<Services, 'annotations' | 'history' | 'clock'>,
): WriteMetadata {
  const room = new MetadataRoom(services.history, services.clock);
  return async (runId, request) => {
    const facts = await readFacts(runId, request, services.clock.now());
    if (facts.length === 0) return;
    const bytes = facts.reduce((sum, fact) => sum + metadataBytes(fact), 0);
    if (!(await room.take(runId, bytes))) {
      throw new Problem(413, 'Run metadata exceeds maximum size of 1MB');
    }
    await services.annotations.add(facts);
  };
}

async function readFacts(
  runId: string,
  request: Request,
  nowMs: number,
): Promise<readonly MetadataFact[]> {
  const body = await readJson(request, { schema: metadataBody, bytesMax: bodyBytesMax, refusal });
  const place = targetOf(runId, body.target);
  return body.metadata.map((entry, index) => {
    const problem = entryProblem(entry);
    if (problem !== null) throw new Problem(400, `${refusal}: metadata.${index}.${problem}`);
    const fact = metadataFact(place, entry, nowMs);
    if (metadataBytes(fact) > entryBytesMax) {
      throw new Problem(413, 'Metadata span exceeds maximum size of 64KB');
    }
    return fact;
  });
}

function targetOf(
  runId: string,
  { run_id, step_id, step_index, step_attempt, span_id }: RunMetadata['target'],
): MetadataTarget {
  if (run_id !== undefined && run_id.toUpperCase() !== runId) {
    throw new Problem(400, `${refusal}: run_id is not the run of the path`);
  }
  return {
    runId,
    ...(step_id !== undefined && { stepId: stepKeyOf(step_id, step_index) }),
    ...(step_attempt !== undefined && step_attempt >= 0 && { attempt: step_attempt }),
    ...(span_id !== undefined && { spanId: span_id }),
  };
}

/**
 * Where a page of runs ends: base64 of JSON that names the run and its time, in the form that the GraphQL API has
 * (graphql.md §7.1). Opaque to clients; one cursor goes with one field of time.
 */
import { z } from 'zod';
import type { RunQuery, RunRecord, RunTimeField } from '../history/history.ts';
import { isUlid } from '../lib/ulid.ts';

type Place = NonNullable<RunQuery['after']>;

const fields = { queued: 'queued_at', started: 'started_at', ended: 'ended_at' } as const;
/** A cursor of ours has about 120 characters. */
const charsMax = 512;

const cursorSchema = z.object({
  id: z.string().refine(isUlid),
  c: z.record(z.string(), z.object({ f: z.string(), v: z.int().min(0) })),
});

/** Null when the run lacks the time that the list is ordered by. */
export function runCursor(run: RunRecord, orderBy: RunTimeField): string | null {
  const atMs = timeOf(run, orderBy);
  if (atMs === null) return null;
  const field = fields[orderBy];
  const cursor = { id: run.runId, c: { [field]: { f: field, v: atMs } } };
  return Buffer.from(JSON.stringify(cursor)).toString('base64');
}

/** Null when the text is no cursor of a list in this order. */
export function parseRunCursor(text: string, orderBy: RunTimeField): Place | null {
  if (text.length > charsMax) return null;
  const cursor = cursorSchema.safeParse(decoded(text));
  const atMs = cursor.data?.c[fields[orderBy]]?.v;
  if (!cursor.success || atMs === undefined) return null;
  return { atMs, runId: cursor.data.id };
}

function timeOf(run: RunRecord, field: RunTimeField): number | null {
  if (field === 'queued') return run.scheduledAtMs;
  return field === 'started' ? run.startedAtMs : run.endedAtMs;
}

function decoded(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64').toString());
  } catch {
    // Not JSON: no schema will take undefined.
    return undefined;
  }
}

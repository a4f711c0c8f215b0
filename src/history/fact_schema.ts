/** Reads a fact from its JSON text. */
import { z } from 'zod';
import type { Fact } from './fact.ts';

const timeMs = z.number().int().nonnegative();
const attempt = z.number().int().nonnegative();

const eventFact = z.object({
  t: z.literal('event'),
  internalId: z.string().min(1),
  receivedAtMs: timeMs,
  payload: z.string(),
});

const runScheduledFact = z.object({
  t: z.literal('run.scheduled'),
  runId: z.string().min(1),
  functionId: z.string(),
  functionVersion: z.number().int(),
  functionSlug: z.string(),
  appId: z.string(),
  eventIds: z.array(z.string()),
  eventName: z.string(),
  atMs: timeMs,
  cron: z.string().optional(),
  batchId: z.string().optional(),
  originalRunId: z.string().optional(),
});

const runStartedFact = z.object({
  t: z.literal('run.started'),
  runId: z.string().min(1),
  atMs: timeMs,
});

const runEndedFact = z.object({
  t: z.literal('run.ended'),
  runId: z.string().min(1),
  atMs: timeMs,
  status: z.enum(['Completed', 'Failed', 'Cancelled', 'Skipped']),
  output: z.string().optional(),
});

const stepFact = z.object({
  t: z.literal('step'),
  runId: z.string().min(1),
  stepId: z.string().min(1),
  name: z.string(),
  kind: z.string(),
  status: z.enum([
    'Queued',
    'Running',
    'Sleeping',
    'Waiting',
    'Invoking',
    'Completed',
    'Errored',
    'Failed',
    'TimedOut',
    'Cancelled',
  ]),
  attempt,
  atMs: timeMs,
  startedAtMs: timeMs.optional(),
  durationMs: z.number().nonnegative().optional(),
  input: z.string().optional(),
  output: z.string().optional(),
  detail: z.record(z.string(), z.unknown()).optional(),
});

const factSchema: z.ZodType<Fact> = z.discriminatedUnion('t', [
  eventFact,
  runScheduledFact,
  runStartedFact,
  runEndedFact,
  stepFact,
]);

const namedPayload = z.object({ name: z.string() });

/** Throws an error that says what is wrong, without the fact's values: they are the user's. */
export function parseFact(text: string): Fact {
  const result = factSchema.safeParse(parseJson(text, 'fact'));
  if (!result.success) throw new Error(`fact: ${whatIsWrong(result.error)}`);
  return result.data;
}

/** The name in an event's payload. Throws when it has none. */
export function eventNameOf(payload: string): string {
  const result = namedPayload.safeParse(parseJson(payload, 'event payload'));
  if (!result.success) throw new Error(`event payload: ${whatIsWrong(result.error)}`);
  return result.data.name;
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${what}: not JSON (${text.length} characters)`);
  }
}

function whatIsWrong(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.join('.')}: ${issue.code}`).join(', ');
}
